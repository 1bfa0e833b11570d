// The list of chats with what is new in them: read once, kept up to date by events of the user's own channel, read again after an absence.
import { signal } from '@preact/signals';
import { getChat, listChats } from '../api/chats';
import { history } from '../api/messages';
import { type Problem, problemOf } from '../api/problem';
import type { Chat, Message } from '../api/types';
import { rpc } from '../realtime/rpc';
import { cleanLine } from '../texts/clean';
import { t } from '../texts/texts';
import { merged } from '../timeline/merge';
import { nameOf } from './people';
import { session } from './session';

/** A chat's newest message is read this long after it was heard of: a busy chat is read seldom. */
const NEWEST_AFTER_MS = 500;

/** Newest activity first. Null: not read yet. */
export const chats = signal<readonly Chat[] | null>(null);
export const chatsProblem = signal<Problem | null>(null);
/** Where the list goes on. */
export const chatsNext = signal<string | null>(null);

export const chatById = (chatId: string): Chat | undefined => chats.value?.find((chat) => chat.chat_id === chatId);

/** What a chat is called: one of two after the other person. */
export function chatName({ kind, name, participants }: Pick<Chat, 'kind' | 'name' | 'participants'>): string {
  const other = kind === 'direct' ? participants.find((id) => id !== session.value?.user_id) : undefined;
  return (other && nameOf(other)) || cleanLine(name) || t('unnamed');
}

export function forgetChats(): void {
  chats.value = null;
  chatsNext.value = null;
  chatsProblem.value = null;
}

const byActivity = (one: Chat, other: Chat) =>
  one.last_activity_timestamp < other.last_activity_timestamp ? 1 : one.last_activity_timestamp > other.last_activity_timestamp ? -1 : 0;

/** Chats under their ids, later ones before earlier ones, in order. */
export function withChats(known: readonly Chat[], incoming: readonly Chat[]): readonly Chat[] {
  const byId = new Map(known.map((chat) => [chat.chat_id, chat]));
  for (const chat of incoming) {
    const before = byId.get(chat.chat_id);
    // An event names the last message only; an old answer does not undo what an event said meanwhile.
    if (before && before.offset > chat.offset) continue;
    const last = chat.last ?? (before?.last?.message_id === chat.last_message ? before.last : null);
    byId.set(chat.chat_id, { ...chat, last });
  }
  return [...byId.values()].filter((chat) => !chat.deleted).sort(byActivity);
}

/** Reads the list's first part, and all of it that was shown before. */
export async function loadChats(): Promise<void> {
  try {
    const { items, next } = await listChats();
    chats.value = withChats(chats.value ?? [], items);
    chatsNext.value = next;
    chatsProblem.value = null;
  } catch (thrown) {
    chatsProblem.value = problemOf(thrown);
  }
}

export async function loadMoreChats(): Promise<void> {
  if (!chatsNext.value) return;
  const { items, next } = await listChats(chatsNext.value);
  chats.value = withChats(chats.value ?? [], items);
  chatsNext.value = next;
}

/** Puts a chat into the list, e.g. one that was just made. */
export function putChat(chat: Chat): void {
  chats.value = withChats(chats.value ?? [], [chat]);
}

export function dropChat(chatId: string): void {
  chats.value = chats.value?.filter((chat) => chat.chat_id !== chatId) ?? null;
}

/** Changes what is known of a chat. */
export function changeChat(chatId: string, change: (chat: Chat) => Partial<Chat>): void {
  const chat = chatById(chatId);
  if (!chat || !chats.value) return;
  const changed = { ...chat, ...change(chat) };
  chats.value = chats.value.map((one) => (one === chat ? changed : one)).sort(byActivity);
}

/** A message was edited or deleted: the list does not go on showing what it was. */
export function noteChanged(message: Message): void {
  changeChat(message.chat_id, ({ last }) => (last?.message_id === message.message_id ? { last: merged(last, message) } : {}));
}

/** The newest message of a chat, as somebody has just seen it. */
export function noteNewest(message: Message, unread: number | null): void {
  changeChat(message.chat_id, (chat) => {
    const isNewer = !chat.last || chat.last.message_id <= message.message_id;
    return {
      ...(isNewer ? { last: message, last_message: message.message_id, last_activity_timestamp: message.created } : {}),
      offset: Math.max(chat.offset, message.offset),
      unread: unread ?? chat.unread,
    };
  });
}

interface Hint {
  chat_id: string;
  last_message: string | null;
  last_activity_timestamp: string;
  offset: number;
  unread: number;
}

/** An event of the user's own channel. */
export function onOwnEvent(event: string, data: unknown): void {
  if (event === 'unread.changed') onHint(data as Hint);
  else if (event === 'chat.deleted') dropChat((data as Chat).chat_id);
  else if (event.startsWith('chat.') || event === 'participants.changed') onChat(data as Chat);
}

function onChat(chat: Chat): void {
  putChat(chat);
  if (chat.last_message && !chat.deleted) readNewest(chat.chat_id);
}

function onHint(hint: Hint): void {
  const chat = chatById(hint.chat_id);
  if (!chat) {
    if (chats.value) void getChat(hint.chat_id).then(putChat, () => undefined);
    return;
  }
  if (hint.offset < chat.offset) return;
  changeChat(hint.chat_id, () => hint);
  if (hint.last_message && hint.last_message !== chat.last?.message_id) readNewest(hint.chat_id);
}

const waiting = new Map<string, ReturnType<typeof setTimeout>>();

function readNewest(chatId: string): void {
  if (waiting.has(chatId)) return;
  const timer = setTimeout(async () => {
    waiting.delete(chatId);
    try {
      const message = (await history(chatId, {}, 1)).items[0];
      if (!message) return;
      noteNewest(message, null);
      // It is on this device now.
      if (message.sender !== session.value?.user_id && message.status === 'sent') {
        await rpc('message.receive', { message_id: message.message_id });
      }
    } catch {
      // The list shows what it had; the next event or connection reads it again.
    }
  }, NEWEST_AFTER_MS);
  waiting.set(chatId, timer);
}
