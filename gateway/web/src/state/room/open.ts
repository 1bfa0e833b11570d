// Opening and leaving rooms: one is open at a time, the one that the address names.
import { effect, signal, untracked } from '@preact/signals';
import { getChat } from '../../api/chats';
import { problemOf } from '../../api/problem';
import { realtime } from '../../realtime/client';
import { withLive } from '../../timeline/timeline';
import { chatById, putChat } from '../chats';
import { onSent } from '../outbox';
import { route } from '../route';
import { session } from '../session';
import { follow } from './live';
import { hold, loadNewest } from './paging';
import { countPeople } from './presence';
import { newRoom, type Room } from './room';
import { firstUnread } from './unread';

export const openRoom = signal<Room | null>(null);

function close(room: Room | null): void {
  if (!room) return;
  room.isClosed = true;
  for (const end of room.endings) end();
}

async function open(room: Room): Promise<void> {
  const client = realtime();
  if (client) {
    follow(client, room);
    countPeople(client, room);
  }
  room.endings.push(
    onSent((item, message) => {
      if (item.chat_id === room.chatId) hold(room, withLive(room.timeline.value, { created: [message], changed: [] }));
    }),
  );
  const chat = chatById(room.chatId);
  const known = chat ? Promise.resolve(chat) : getChat(room.chatId);
  try {
    const [found] = await Promise.all([known, loadNewest(room)]);
    if (room.isClosed) return;
    if (!chat) putChat({ ...found });
    room.unreadFrom.value = firstUnread(room.timeline.value.messages, found, room.me);
    if (room.unreadFrom.value) room.target.value = { messageId: room.unreadFrom.value, mark: false };
  } catch (thrown) {
    if (room.isClosed) return;
    room.problem.value = problemOf(thrown);
    room.phase.value = 'failed';
  }
}

/** Reads the room once more, after it could not be read. */
export async function reopen(room: Room): Promise<void> {
  room.phase.value = 'loading';
  await loadNewest(room);
}

/** Follows the address as long as the page lives. */
export function followRooms(): void {
  effect(() => {
    const chatId = route.value.view === 'chats' ? route.value.chatId : null;
    const me = session.value?.user_id ?? null;
    const before = openRoom.peek();
    if (before && before.chatId === chatId && before.me === me) return;
    close(before);
    const next = chatId && me ? newRoom(chatId, me) : null;
    openRoom.value = next;
    if (next) void untracked(() => open(next));
  });
}
