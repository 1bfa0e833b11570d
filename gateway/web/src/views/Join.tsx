// A link into a room was followed: who has no login yet comes in as a guest, and is asked for a name only.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { greeting, joinAsGuest } from '../api/account';
import { type Problem, problemOf } from '../api/problem';
import type { Greeting } from '../api/types';
import { useBusy } from '../parts/useBusy';
import { openChat, openChats } from '../state/route';
import { signIn } from '../state/session';
import { cleanLine } from '../texts/clean';
import { errorWords } from '../texts/errors';
import { t } from '../texts/texts';
import { Door } from './Door';

export function Join({ code }: { code: string }): JSX.Element {
  const room = useSignal<Greeting | null>(null);
  const problem = useSignal<Problem | null>(null);
  const ask = () => {
    problem.value = null;
    greeting(code).then(
      (found) => {
        room.value = found;
      },
      (thrown) => {
        problem.value = problemOf(thrown);
      },
    );
  };
  useEffect(ask, [code]);
  if (problem.value) return <NoRoom problem={problem.value} onAgain={ask} />;
  const { name, participants_count } = room.value ?? { name: '', participants_count: 0 };
  const lead = room.value ? t('joinLead', { n: participants_count }) : t('loading');
  return (
    <Door title={room.value ? cleanLine(name) || t('unnamed') : t('join')} lead={lead}>
      {room.value && <NameForm code={code} />}
    </Door>
  );
}

function NameForm({ code }: { code: string }): JSX.Element {
  const name = useSignal('');
  const { isBusy, trouble, run } = useBusy();
  const send = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const login = await joinAsGuest(code, name.value.trim());
      signIn(login);
      openChat(login.chat_id, true);
    });
  };
  return (
    <form class="form" onSubmit={send}>
      <label class="field">
        <span>{t('yourName')}</span>
        <input
          name="name"
          autocomplete="nickname"
          required
          maxLength={64}
          value={name}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
      </label>
      {trouble && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <button class="button primary" type="submit" disabled={isBusy}>
        {t('join')}
      </button>
    </form>
  );
}

function NoRoom({ problem, onAgain }: { problem: Problem; onAgain: () => void }): JSX.Element {
  const isGone = [102, 404, 410].includes(problem.code);
  return (
    <Door title={isGone ? t('linkGone') : t('linkFailed')} lead={isGone ? t('linkGoneLead') : errorWords(problem)}>
      <div class="form-buttons">
        {!isGone && (
          <button class="button primary" type="button" onClick={onAgain}>
            {t('tryAgain')}
          </button>
        )}
        <button class="button" type="button" onClick={() => openChats(true)}>
          {t('toStart')}
        </button>
      </div>
    </Door>
  );
}
