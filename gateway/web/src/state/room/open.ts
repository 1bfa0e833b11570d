// Opening and leaving rooms: one is open at a time, the one that the address names.
import { batch, effect, signal, untracked } from '@preact/signals';
import { getChat } from '../../api/chats';
import { history } from '../../api/messages';
import { problemOf } from '../../api/problem';
import type { Chat, Message, Page } from '../../api/types';
import { realtime } from '../../realtime/client';
import { opened, withLive } from '../../timeline/timeline';
import { chatById, putChat } from '../chats';
import { onSent } from '../outbox';
import { route } from '../route';
import { session } from '../session';
import { follow } from './live';
import { hold } from './paging';
import { countPeople } from './presence';
import { newRoom, type Room } from './room';
import { firstPageLimit, firstUnread } from './unread';

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
  await load(room);
}

/** Reads the room: what it is, and its newest page, at the first unread message if that is on it. */
export async function load(room: Room): Promise<void> {
  room.phase.value = 'loading';
  const chat = chatById(room.chatId);
  try {
    const limit = firstPageLimit(chat);
    const [found, page] = await Promise.all([chat ?? getChat(room.chatId), history(room.chatId, {}, limit)]);
    if (room.isClosed) return;
    if (!chat) putChat(found);
    batch(() => show(room, found, page));
  } catch (thrown) {
    if (room.isClosed) return;
    room.problem.value = problemOf(thrown);
    room.phase.value = 'failed';
  }
}

function show(room: Room, chat: Chat, page: Page<Message>): void {
  const timeline = opened(page.items, !page.hasMore, true);
  hold(room, timeline);
  room.readAtOpening = chat;
  room.unreadFrom.value = firstUnread(timeline.messages, chat, room.me);
  if (room.unreadFrom.value) room.target.value = { messageId: room.unreadFrom.value, mark: false };
  room.phase.value = 'ready';
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
