// Chats and who is in them.
import { call, page } from './http';
import type { Chat, Invitation } from './types';

export const listChats = (cursor: string | null = null) => page<Chat>('/chats', { query: { cursor, limit: 100 } });

export const getChat = (chatId: string) => call<Chat>(`/chats/${chatId}`);

/** A chat of two when it has no name and one other person; a pair has one such chat. */
export const createChat = (name: string, participants: string[]) => {
  const kind = name === '' && participants.length === 1 ? 'direct' : 'group';
  return call<Chat>('/chats', { method: 'POST', body: { name, participants, kind } });
};

/** The link into a room; made when there is none yet. */
export const invitation = (chatId: string) => call<Invitation>(`/chats/${chatId}/invitation`, { method: 'POST', body: {} });
