// The first unread message of a room: where the line is drawn, and where "First unread" leads.
import { history, PAGE_MESSAGES, PAGE_MESSAGES_MAX } from '../../api/messages';
import type { Chat, Message } from '../../api/types';
import { realtime } from '../../realtime/client';
import { toast, toastProblem } from '../toasts';
import { showMessage } from './paging';
import type { Room } from './room';

/** How far the user had read when the room was opened. */
export type ReadState = Pick<Chat, 'unread' | 'read_offset' | 'epoch'>;

/** Pages that are read to find it. */
const PAGES_MAX = 100;
/** Entries of the log that are asked for behind what was read: others than messages may come first. */
const ENTRIES = 100;

/** So many messages that the first unread one is among them, as far as one page goes. */
export const firstPageLimit = (read: ReadState | undefined): number =>
  Math.min(PAGE_MESSAGES_MAX, Math.max(PAGE_MESSAGES, (read?.unread ?? 0) + 10));

/** The first unread of these messages (the newest ones, oldest first), when it is certain to be among them. */
export function firstUnread(messages: readonly Message[], read: ReadState, me: string): string | null {
  if (read.unread === 0) return null;
  const isUnread = (message: Message) => message.offset > read.read_offset && message.sender !== me;
  // Who has never read anything has joined at some message: then only the count says where.
  if (read.read_offset === 0) {
    return messages.length < read.unread ? null : (messages.slice(-read.unread).find(isUnread)?.message_id ?? null);
  }
  return (messages[0]?.offset ?? 0) > read.read_offset ? null : (messages.find(isUnread)?.message_id ?? null);
}

/** Goes to the first unread message, however far back it is. */
export async function showFirstUnread(room: Room): Promise<void> {
  const read = room.readAtOpening;
  try {
    const found = room.unreadFrom.value ?? (read && read.unread > 0 ? await find(room, read) : null);
    if (room.isClosed) return;
    if (!found) return toast('noUnread');
    room.unreadFrom.value = found;
    await showMessage(room, found);
  } catch (thrown) {
    toastProblem(thrown);
  }
}

async function find(room: Room, read: ReadState): Promise<string | null> {
  return (await findInLog(room, read)) ?? findByCount(room, read);
}

/** The log itself can be asked for what follows a place. */
async function findInLog(room: Room, { read_offset, epoch }: ReadState): Promise<string | null> {
  const client = realtime();
  if (read_offset === 0 || client?.state !== 'connected') return null;
  const since = { offset: read_offset, epoch };
  const { publications } = await client.history(`room:${room.chatId}`, { since, limit: ENTRIES });
  const created = publications
    .map(({ data }) => data as { event: string; data: Message })
    .filter(({ event }) => event === 'message.created');
  return created.find(({ data }) => data.sender !== room.me)?.data.message_id ?? null;
}

async function findByCount(room: Room, read: ReadState): Promise<string | null> {
  let messages: Message[] = [];
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const before = messages[0]?.message_id;
    const page = await history(room.chatId, before ? { before } : {}, PAGE_MESSAGES_MAX);
    messages = [...page.items, ...messages];
    const found = firstUnread(messages, read, room.me);
    if (found || room.isClosed) return found;
    if (!page.hasMore) return messages.find((message) => message.sender !== room.me)?.message_id ?? null;
  }
  // Farther back than anybody would read on from: as far as was looked.
  return messages[0]?.message_id ?? null;
}
