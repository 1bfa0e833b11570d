import { expect, test } from 'vitest';
import { opened, trimmed, withGapFilled, withLive, withNewer, withNewest, withOlder, withStatus } from '../src/timeline/timeline';
import { message, messages, numbers } from './kit';

test('pages and live messages in any order of arrival are one list without repetition', () => {
  let timeline = opened(messages(50, 60), false, true);
  timeline = withLive(timeline, { created: [message(62), message(61), message(60)], changed: [] });
  timeline = withOlder(timeline, messages(40, 52), true);
  expect(numbers(timeline.messages)).toEqual(numbers(messages(40, 62)));
  expect(timeline.atStart).toBe(false);
  expect(withOlder(timeline, messages(1, 39), false).atStart).toBe(true);
});

test('what has not changed stays the same object, so that it is not drawn again', () => {
  const timeline = opened(messages(1, 5), true, true);
  expect(withLive(timeline, { created: [{ ...message(5) }], changed: [] })).toBe(timeline);
  const changed = withLive(timeline, {
    created: [],
    changed: [message(3, { content: 'new', updated: '2026-02-01T00:00:00.000Z', offset: 9 })],
  });
  expect(changed.messages[2]?.content).toBe('new');
  expect(changed.messages[1]).toBe(timeline.messages[1]);
});

test('an edit that came before an old page survives it, and nothing survives a deletion', () => {
  const edited = message(3, { content: 'edited', updated: '2026-02-01T00:00:00.000Z', offset: 9 });
  const deleted = message(3, { content: '', deleted: true, updated: '2026-02-02T00:00:00.000Z', offset: 10 });
  let timeline = withLive(opened(messages(1, 5), true, true), { created: [], changed: [edited] });
  timeline = withNewer(timeline, messages(1, 5), false);
  expect(timeline.messages[2]?.content).toBe('edited');
  timeline = withLive(timeline, { created: [], changed: [deleted, edited] });
  expect(timeline.messages[2]).toMatchObject({ content: '', deleted: true });
});

test('away from the end new messages are left to their page', () => {
  const timeline = opened(messages(1, 5), true, false);
  expect(withLive(timeline, { created: [message(9)], changed: [] })).toBe(timeline);
});

test('an acknowledgement covers what its author wrote before, and never goes back', () => {
  const list = [message(1), message(2, { sender: 'bob' }), message(3), message(4)];
  let timeline = withStatus(opened(list, true, true), 'ann', message(3).message_id, 'read');
  expect(timeline.messages.map((one) => one.status)).toEqual(['read', 'sent', 'read', 'sent']);
  timeline = withStatus(timeline, 'ann', message(4).message_id, 'received');
  expect(timeline.messages.map((one) => one.status)).toEqual(['read', 'sent', 'read', 'received']);
});

test('what was missed is marked until it has been read, page by page', () => {
  let timeline = withNewest(opened(messages(1, 10), true, true), messages(500, 520), true);
  const gap = message(10).message_id;
  expect([...timeline.gaps]).toEqual([gap]);
  timeline = withGapFilled(timeline, gap, messages(11, 210), true);
  expect([...timeline.gaps]).toEqual([message(210).message_id]);
  timeline = withGapFilled(timeline, message(210).message_id, messages(211, 410), true);
  timeline = withGapFilled(timeline, message(410).message_id, messages(411, 520), false);
  expect(timeline.gaps.size).toBe(0);
  expect(numbers(timeline.messages)).toEqual(numbers(messages(1, 520)));
});

test('a newest page that reaches back to what is held leaves no gap', () => {
  const timeline = withNewest(opened(messages(1, 10), true, true), messages(8, 30), true);
  expect(timeline.gaps.size).toBe(0);
  expect(timeline.messages).toHaveLength(30);
});

test('memory is bounded around what is looked at, and what was cut off can be paged in again', () => {
  const long = opened(messages(1, 1_000), true, true);
  const end = trimmed(long, undefined, 500, 300);
  expect(numbers(end.messages)).toEqual(numbers(messages(701, 1_000)));
  expect([end.atStart, end.atEnd]).toEqual([false, true]);
  const middle = trimmed(long, message(500).message_id, 500, 300);
  expect([middle.atStart, middle.atEnd, middle.messages.length]).toEqual([false, false, 300]);
  expect(numbers(middle.messages)).toContain(500);
  expect(trimmed(long, undefined, 1_000, 300)).toBe(long);
});
