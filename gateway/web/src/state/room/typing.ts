// Who is typing, in small rooms: told while somebody types, and shown for a moment.
import { rpc } from '../../realtime/rpc';
import { chatById } from '../chats';
import type { Room } from './room';

/** Larger rooms show nobody typing: the server refuses it there. */
const PARTICIPANTS_MAX = 100;
const TELL_EVERY_MS = 3_000;
const SHOWN_MS = 6_000;

const toldAt = new WeakMap<Room, number>();
const timers = new WeakMap<Room, ReturnType<typeof setTimeout>>();

/** The user types into this room. */
export function tellTyping(room: Room): void {
  const people = chatById(room.chatId)?.participants_count ?? 0;
  const now = Date.now();
  if (people < 2 || people > PARTICIPANTS_MAX || now - (toldAt.get(room) ?? 0) < TELL_EVERY_MS) return;
  toldAt.set(room, now);
  // It is worth nothing a moment later.
  rpc('room.typing', { chat_id: room.chatId }).catch(() => undefined);
}

/** The server says who types; the list is whole. */
export function onTyping(room: Room, userIds: readonly string[]): void {
  room.typing.value = userIds.filter((userId) => userId !== room.me);
  clearTimeout(timers.get(room));
  timers.set(
    room,
    setTimeout(() => {
      room.typing.value = [];
    }, SHOWN_MS),
  );
}
