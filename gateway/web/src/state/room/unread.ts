// The first unread message of a room: where the line is drawn, and where "First unread" leads.
import { history, PAGE_MESSAGES_MAX } from '../../api/messages';
import type { Chat, Message } from '../../api/types';
import { toast, toastProblem } from '../toasts';
import { showMessage } from './paging';
import type { Room } from './room';

/** Pages that are read to find it. */
const PAGES_MAX = 25;

/** The first unread of these messages (the newest ones, oldest first), when it is among them. */
export function firstUnread(messages: readonly Message[], chat: Pick<Chat, 'unread' | 'read_offset'>, me: string): string | null {
  if (chat.unread === 0) return null;
  const isUnread = (message: Message) => message.offset > chat.read_offset && message.sender !== me;
  const counted = chat.read_offset > 0 ? messages : messages.slice(-chat.unread);
  const place = counted.findIndex(isUnread);
  const reaches = chat.read_offset > 0 ? (messages[0]?.offset ?? 0) <= chat.read_offset : messages.length >= chat.unread;
  return reaches || place > 0 ? (counted[place]?.message_id ?? null) : null;
}

/** Goes to the first unread message, however far back it is. */
export async function showFirstUnread(room: Room, chat: Pick<Chat, 'unread' | 'read_offset'>): Promise<void> {
  if (room.unreadFrom.value) return showMessage(room, room.unreadFrom.value);
  try {
    let messages: Message[] = [];
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const before = messages[0]?.message_id;
      const page = await history(room.chatId, before ? { before } : {}, PAGE_MESSAGES_MAX);
      messages = [...page.items, ...messages];
      const found = firstUnread(messages, chat, room.me) ?? (page.hasMore ? null : oldestForeign(messages, room.me));
      if (room.isClosed) return;
      if (found) {
        room.unreadFrom.value = found;
        return showMessage(room, found);
      }
      if (!page.hasMore) break;
    }
    toast('noUnread');
  } catch (thrown) {
    toastProblem(thrown);
  }
}

const oldestForeign = (messages: readonly Message[], me: string) => messages.find((message) => message.sender !== me)?.message_id ?? null;
