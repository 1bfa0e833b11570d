// A link into a room was followed: who has no login yet comes in as a guest, and is asked for a name only.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { greeting, joinAsGuest } from '../api/account';
import { getChat } from '../api/chats';
import { type Problem, problemOf } from '../api/problem';
import type { Greeting } from '../api/types';
import { Field } from '../parts/Field';
import { Trouble } from '../parts/Trouble';
import { useBusy } from '../parts/useBusy';
import { nameOf } from '../state/people';
import { openChat, openChats } from '../state/route';
import { session, signIn } from '../state/session';
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
      {room.value && <WayIn code={code} chatId={room.value.chat_id} />}
    </Door>
  );
}

/** Who is signed in already stays who they are, if they are in the room; a guest's login takes the place of theirs. */
function WayIn({ code, chatId }: { code: string; chatId: string }): JSX.Element {
  const isMember = useSignal(false);
  const login = session.value;
  useEffect(() => {
    isMember.value = false;
    if (!login) return;
    getChat(chatId).then(
      (chat) => {
        isMember.value = !chat.deleted;
      },
      () => undefined,
    );
  }, [chatId, login?.user_id]);
  if (!login) return <NameForm code={code} />;
  const name = nameOf(login.user_id);
  if (!isMember.value) {
    return (
      <>
        <NameForm code={code} />
        <p class="hint">{t('joinReplaces', { name })}</p>
      </>
    );
  }
  return (
    <button class="button primary wide" type="button" onClick={() => openChat(chatId, true)}>
      {t('joinAs', { name })}
    </button>
  );
}

function NameForm({ code }: { code: string }): JSX.Element {
  const name = useSignal('');
  const { isBusy, trouble, run } = useBusy();
  const send = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const login = await joinAsGuest(code, name.value.trim());
      signIn(login, true);
      openChat(login.chat_id, true);
    });
  };
  return (
    <form class="form" onSubmit={send}>
      <Field label={t('yourName')} text={name} name="name" autocomplete="nickname" required maxLength={64} />
      <Trouble words={trouble} />
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
