import { expect, test } from 'vitest';
import type { Chat } from '../src/api/types';
import { withChats } from '../src/state/chats';
import { routeOf } from '../src/state/route';
import { message } from './kit';

const chat = (chat_id: string, minute: number, over: Partial<Chat> = {}): Chat => ({
  chat_id,
  name: chat_id,
  kind: 'group',
  participants: [],
  participants_count: 2,
  last_message: null,
  last: null,
  last_activity_timestamp: `2026-01-01T12:0${minute}:00.000Z`,
  deleted: false,
  unread: 0,
  read_offset: 0,
  offset: minute,
  epoch: 'e',
  role: 'member',
  ...over,
});

const ids = (list: readonly Chat[]) => list.map((one) => one.chat_id);

test('chats stand in the order of what happened last, each once, and deleted ones are gone', () => {
  const known = [chat('old', 1), chat('gone', 3)];
  expect(ids(withChats(known, [chat('new', 5), chat('old', 7), chat('gone', 8, { deleted: true })]))).toEqual(['old', 'new']);
});

test('an answer that was on its way for long does not undo what an event said meanwhile', () => {
  const known = [chat('room', 5, { unread: 4 })];
  expect(withChats(known, [chat('room', 2, { unread: 1 })])[0]?.unread).toBe(4);
});

test('an event that only names the last message leaves the message itself where it is known', () => {
  const last = message(3);
  const known = [chat('room', 3, { last, last_message: last.message_id })];
  expect(withChats(known, [chat('room', 4, { last_message: last.message_id })])[0]?.last).toBe(last);
  expect(withChats(known, [chat('room', 4, { last_message: message(4).message_id })])[0]?.last).toBeNull();
});

test('addresses lead to a chat, to the list, or into a room as a guest', () => {
  expect(routeOf('/', '#/chats/abc')).toEqual({ view: 'chats', chatId: 'abc' });
  expect(routeOf('/', '')).toEqual({ view: 'chats', chatId: null });
  expect(routeOf('/join/NN10C-HBHKN', '')).toEqual({ view: 'join', code: 'NN10C-HBHKN' });
  expect(routeOf('/join/%E0%A4%A', '')).toEqual({ view: 'join', code: '%E0%A4%A' });
});
