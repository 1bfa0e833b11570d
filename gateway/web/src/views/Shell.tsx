// The frame for who is signed in: the list of chats and the open room, side by side where there is room for both.
import type { JSX } from 'preact';
import { ConnectionLine } from '../parts/ConnectionLine';
import { IconButton } from '../parts/IconButton';
import { Icon } from '../parts/icons';
import { Switches } from '../parts/Switches';
import { leave } from '../state/leave';
import { nameOf } from '../state/people';
import { openRoom } from '../state/room/open';
import { openChats } from '../state/route';
import { session } from '../state/session';
import { t } from '../texts/texts';
import { ChatList } from './ChatList';
import { RoomView } from './room/RoomView';

export function Shell(): JSX.Element {
  const room = openRoom.value;
  return (
    <div class="shell" data-view={room ? 'room' : 'chats'}>
      <header class="bar">
        <a
          class="mark"
          href="/#/"
          onClick={(event) => {
            event.preventDefault();
            openChats();
          }}
        >
          Plenum
        </a>
        <ConnectionLine />
        <span class="bar-user">
          <bdi>{nameOf(session.value?.user_id ?? '')}</bdi>
        </span>
        <Switches />
        <IconButton icon="leave" name={t('signOut')} onClick={() => void leave()} />
      </header>
      <main class="panes">
        <ChatList openId={room?.chatId ?? null} />
        <div class="pane">{room ? <RoomView key={room.chatId} room={room} /> : <NoneOpen />}</div>
      </main>
    </div>
  );
}

function NoneOpen(): JSX.Element {
  return (
    <div class="empty">
      <Icon name="chats" size={40} />
      <p>{t('noneOpen')}</p>
    </div>
  );
}
