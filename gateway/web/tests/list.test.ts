import { expect, test } from 'vitest';
import { beginning, parts } from '../src/parts/MessageText';
import { Heights } from '../src/parts/virtual/heights';
import { firstUnread } from '../src/state/room/unread';
import { opened } from '../src/timeline/timeline';
import { itemsOf } from '../src/views/room/items';
import { message, messages } from './kit';

test('rows stand where measured and estimated heights put them', () => {
  const heights = new Heights();
  heights.setKeys(['a', 'b', 'c', 'd'], () => 10);
  expect(heights.total).toBe(40);
  expect(heights.measure('b', 30)).toBe(true);
  expect(heights.measure('b', 30)).toBe(false);
  heights.place();
  expect([heights.top(1), heights.top(2), heights.total]).toEqual([10, 40, 60]);
  expect([heights.at(-5), heights.at(9), heights.at(10), heights.at(39.5), heights.at(40), heights.at(999)]).toEqual([0, 0, 1, 1, 2, 3]);
});

test('heights stay known when rows are put in front and taken away', () => {
  const heights = new Heights();
  heights.setKeys(['b', 'c'], () => 10);
  heights.measure('b', 25);
  heights.setKeys(['a', 'b', 'c'], () => 10);
  expect(heights.top(heights.indexOf('c'))).toBe(35);
  expect(heights.indexOf('x')).toBe(-1);
});

test('a message that was seen before its answer came is not shown twice', () => {
  const item = {
    place: 1,
    user_id: 'ann',
    chat_id: 'room',
    client_msg_id: 'mine',
    content: 'x',
    reply_to: null,
    created: '',
    failed: null,
  };
  const other = { ...item, place: 2, client_msg_id: 'next', chat_id: 'elsewhere' };
  const timeline = opened([message(1), message(2, { client_msg_id: 'mine' })], true, true);
  expect(itemsOf(timeline, [item, other], 'room', 'ann').map(({ key }) => key)).toEqual([message(1).message_id, 'mine']);
  const waiting = itemsOf(opened([message(1)], true, true), [item, other], 'room', 'ann');
  expect(waiting.map(({ state }) => state)).toEqual(['sent', 'waiting']);
});

test('the first unread message is found by the place that was read, or by the count where nothing was', () => {
  const list = messages(10, 20);
  const read = (unread: number, read_offset: number) => ({ unread, read_offset, epoch: '' });
  expect(firstUnread(list, read(5, 15), 'bob')).toBe(message(16).message_id);
  expect(firstUnread(list, read(3, 0), 'bob')).toBe(message(18).message_id);
  expect(firstUnread(list, read(0, 15), 'bob')).toBeNull();
  expect(firstUnread(list, read(50, 5), 'bob')).toBeNull();
  expect(firstUnread(list, read(50, 0), 'bob')).toBeNull();
  expect(firstUnread(list, read(5, 15), 'ann')).toBeNull();
});

test('addresses become links without what ends their sentence', () => {
  expect(parts('see https://example.org/a?b=1). and <script>')).toEqual(['see ', 'https://example.org/a?b=1', '). and <script>']);
  expect(parts('javascript:alert(1)')).toEqual(['javascript:alert(1)']);
});

test('a long text is shown by its beginning', () => {
  expect(beginning('short')).toBe('short');
  expect(beginning('x'.repeat(65_536)).length).toBeLessThan(2_000);
  expect(beginning('line\n'.repeat(100)).split('\n')).toHaveLength(24);
});
