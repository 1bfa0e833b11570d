// Signing in and registering, and looking around as the demo user where the node has one.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import * as account from '../api/account';
import type { Demo } from '../api/types';
import { Field } from '../parts/Field';
import { Trouble } from '../parts/Trouble';
import { useBusy } from '../parts/useBusy';
import { openChat } from '../state/route';
import { signIn } from '../state/session';
import { t } from '../texts/texts';
import { Door } from './Door';

const refusedSignIn = (code: number) => ([101, 401, 403].includes(code) ? t('wrongPassword') : null);
const refusedName = (code: number) => (code === 409 ? t('nameTaken') : code === 422 ? t('nameRules') : null);

export function SignIn(): JSX.Element {
  const demo = useSignal<Demo | null>(null);
  const username = useSignal('');
  const password = useSignal('');
  const { isBusy, trouble, run } = useBusy();
  useEffect(() => {
    // Only a node that was started with --demo has this.
    account.demo().then(
      (found) => {
        demo.value = found;
      },
      () => undefined,
    );
  }, []);
  const lookAround = ({ username, password, chat_id }: Demo) =>
    run(async () => {
      signIn(await account.login(username, password));
      openChat(chat_id, true);
    });
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const registers = (event.submitter as HTMLButtonElement | null)?.value === 'register';
    const enter = registers ? account.register : account.login;
    run(async () => signIn(await enter(username.value.trim(), password.value)), registers ? refusedName : refusedSignIn);
  };
  return (
    <Door title={t('welcome')} lead={t('welcomeLead')}>
      <form class="form" onSubmit={send}>
        <Field
          label={t('userName')}
          text={username}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          maxLength={64}
        />
        <Field
          label={t('password')}
          text={password}
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxLength={256}
        />
        <Trouble words={trouble} />
        <div class="form-buttons">
          <button class="button primary" type="submit" value="login" disabled={isBusy}>
            {t('signIn')}
          </button>
          <button class="button" type="submit" value="register" disabled={isBusy}>
            {t('register')}
          </button>
        </div>
      </form>
      {demo.value && (
        <div class="door-demo">
          <p>{t('demoLead')}</p>
          <button class="button" type="button" disabled={isBusy} onClick={() => demo.value && lookAround(demo.value)}>
            {t('lookAround')}
          </button>
        </div>
      )}
    </Door>
  );
}
