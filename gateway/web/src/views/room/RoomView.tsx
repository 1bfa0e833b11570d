// One room: its head, its messages, and the place to write.
import type { JSX } from 'preact';
import { Icon } from '../../parts/icons';
import { dropChat } from '../../state/chats';
import { load } from '../../state/room/open';
import type { Room } from '../../state/room/room';
import { openChats } from '../../state/route';
import { errorWords } from '../../texts/errors';
import { t } from '../../texts/texts';
import { Composer } from './Composer';
import { Messages } from './Messages';
import { RoomHead } from './RoomHead';
import { TypingLine } from './TypingLine';

export function RoomView({ room }: { room: Room }): JSX.Element {
  return (
    <section class="room" data-chat-id={room.chatId}>
      <RoomHead room={room} />
      <Inside room={room} />
    </section>
  );
}

function Inside({ room }: { room: Room }): JSX.Element {
  if (room.ended.value) return <Ended room={room} />;
  if (room.phase.value === 'failed') return <Failed room={room} />;
  return (
    <>
      {room.phase.value === 'loading' ? <Skeleton /> : <Messages room={room} />}
      <TypingLine room={room} />
      <Composer room={room} />
    </>
  );
}

function Ended({ room }: { room: Room }): JSX.Element {
  const leave = () => {
    dropChat(room.chatId);
    openChats(true);
  };
  return (
    <div class="empty" role="alert">
      <p>{room.ended.value === 'deleted' ? t('roomDeleted') : t('roomRemoved')}</p>
      <button class="button" type="button" onClick={leave}>
        {t('toChats')}
      </button>
    </div>
  );
}

function Failed({ room }: { room: Room }): JSX.Element {
  const problem = room.problem.value;
  const isGone = problem !== null && [102, 404].includes(problem.code);
  return (
    <div class="empty" role="alert">
      <Icon name="failed" size={36} />
      <p>{isGone ? t('roomNotThere') : problem && errorWords(problem)}</p>
      <div class="form-buttons">
        {!isGone && (
          <button class="button primary" type="button" onClick={() => void load(room)}>
            {t('tryAgain')}
          </button>
        )}
        <button class="button" type="button" onClick={() => openChats(true)}>
          {t('toChats')}
        </button>
      </div>
    </div>
  );
}

const SKELETON_WIDTHS = ['a', 'b', 'c', 'a', 'c', 'b'];

function Skeleton(): JSX.Element {
  return (
    <div class="scroll skeleton-messages" aria-busy="true">
      <p class="visually-hidden">{t('loading')}</p>
      {SKELETON_WIDTHS.map((width, place) => (
        <span key={place} class={`skeleton skeleton-bubble skeleton-${width}`} aria-hidden="true" />
      ))}
    </div>
  );
}
