// The history of a room, and changes of messages that are there. Sending is the outbox's (state/outbox.ts).
import { call, page } from './http';
import type { Message, Page } from './types';

/** Messages of one page. */
export const PAGE_MESSAGES = 60;
/** The most that the server gives at once. */
export const PAGE_MESSAGES_MAX = 200;

/** Which page: the newest, or by one of these. */
export type Place = { before?: string; after?: string; around?: string; from?: string };

/** One page, oldest first. */
export async function history(chatId: string, place: Place = {}, limit = PAGE_MESSAGES): Promise<Page<Message>> {
  const answer = await page<Message>(`/chats/${chatId}/messages`, { query: { ...place, limit } });
  return { ...answer, items: answer.items.reverse() };
}

export const editMessage = (messageId: string, content: string, client_msg_id: string) =>
  call<Message>(`/messages/${messageId}`, { method: 'PATCH', body: { content, client_msg_id } });

export const deleteMessage = (messageId: string) => call<Message>(`/messages/${messageId}`, { method: 'DELETE' });
