// A room's name, who is here, and the ways through its past.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Chat } from '../../api/types';
import { Avatar } from '../../parts/Avatar';
import { IconButton } from '../../parts/IconButton';
import { Icon } from '../../parts/icons';
import { chatById, chatName } from '../../state/chats';
import type { Room } from '../../state/room/room';
import { showFirstUnread } from '../../state/room/unread';
import { openChats } from '../../state/route';
import { t } from '../../texts/texts';
import { Invite } from './Invite';
import { JumpToDate } from './JumpToDate';

export function RoomHead({ room }: { room: Room }): JSX.Element {
  const last = useRef<Chat | undefined>(undefined);
  // Who is not in the room any more is told of it under its name.
  const chat = chatById(room.chatId) ?? last.current;
  last.current = chat;
  const dialog = useSignal<'date' | 'invite' | null>(null);
  const close = () => {
    dialog.value = null;
  };
  const name = chat ? chatName(chat) : room.phase.value === 'failed' ? t('unnamed') : '…';
  return (
    <header class="room-head">
      <IconButton icon="back" name={t('toChats')} class="room-back" onClick={() => openChats()} />
      <Avatar id={room.chatId} name={name} />
      <div class="room-title">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <People room={room} chat={chat} />
      </div>
      <div class="room-tools" hidden={room.phase.value === 'failed'}>
        <IconButton icon="unread" name={t('firstUnread')} onClick={() => void showFirstUnread(room)} />
        <IconButton
          icon="calendar"
          name={t('jumpToDate')}
          onClick={() => {
            dialog.value = 'date';
          }}
        />
        {chat && mayInvite(chat) && (
          <button
            class="button small invite"
            type="button"
            aria-label={t('invite')}
            onClick={() => {
              dialog.value = 'invite';
            }}
          >
            <Icon name="invite" size={18} />
            <span class="wide-only">{t('invite')}</span>
          </button>
        )}
      </div>
      {dialog.value === 'date' && <JumpToDate room={room} onClose={close} />}
      {dialog.value === 'invite' && <Invite chatId={room.chatId} onClose={close} />}
    </header>
  );
}

/** As the server decides it: whoever looks after a group. */
const mayInvite = ({ kind, role }: Chat) => kind === 'group' && (role === 'owner' || role === 'moderator');

function People({ room, chat }: { room: Room; chat: Chat | undefined }): JSX.Element {
  const here = room.here.value;
  const count = chat?.participants_count ?? 0;
  return (
    <p class="room-people">
      {count > 0 && <span>{t('participants', { n: count })}</span>}
      {here !== null && !room.ended.value && <span data-here={here}>{t('here', { n: here })}</span>}
    </p>
  );
}
