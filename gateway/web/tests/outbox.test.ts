import 'fake-indexeddb/auto';
import { beforeEach, expect, test } from 'vitest';
import { NO_ANSWER, Problem } from '../src/api/problem';
import { drain } from '../src/store/drain';
import { withLease } from '../src/store/lock';
import type { OutboxItem } from '../src/store/outbox';
import * as outbox from '../src/store/outbox';

let server: string[];

beforeEach(async () => {
  server = [];
  for (const item of await outbox.list('ann')) await outbox.remove(item.place);
});

const write = (content: string, chat_id = 'room') =>
  outbox.put({
    user_id: 'ann',
    chat_id,
    client_msg_id: `id of ${content}`,
    content,
    reply_to: null,
    created: '2026-01-01T00:00:00.000Z',
    failed: null,
  });

/** A server that refuses what `refusal` says. */
const sender = (refusal: (item: OutboxItem) => Problem | null = () => null) => ({
  send: async (item: OutboxItem) => {
    const problem = refusal(item);
    if (problem) throw problem;
    server.push(item.content);
  },
  sent: () => undefined,
  failed: () => undefined,
});

const waiting = async () => (await outbox.list('ann')).map(({ content, failed }) => (failed ? `${content}!` : content));

test('what was written goes out once and in the order of writing', async () => {
  for (const content of ['one', 'two', 'three']) await write(content);
  expect(await drain('ann', sender())).toBeNull();
  expect(await drain('ann', sender())).toBeNull();
  expect(server).toEqual(['one', 'two', 'three']);
  expect(await waiting()).toEqual([]);
});

test('without a connection nothing is lost and nothing overtakes', async () => {
  for (const content of ['one', 'two']) await write(content);
  const gone = await drain(
    'ann',
    sender(() => new Problem(NO_ANSWER, '')),
  );
  expect(gone?.isTemporary).toBe(true);
  await write('three');
  expect(await waiting()).toEqual(['one', 'two', 'three']);
  await drain('ann', sender());
  expect(server).toEqual(['one', 'two', 'three']);
});

test('a message that is refused for good is kept with the reason, and the next ones go on', async () => {
  for (const content of ['one', 'too long', 'three']) await write(content);
  expect(
    await drain(
      'ann',
      sender(({ content }) => (content === 'too long' ? new Problem(413, 'too large') : null)),
    ),
  ).toBeNull();
  expect(server).toEqual(['one', 'three']);
  expect(await waiting()).toEqual(['too long!']);
});

test('a room that takes nothing now does not stop the others', async () => {
  await write('one', 'failing');
  await write('two', 'failing');
  await write('three', 'healthy');
  const problem = await drain(
    'ann',
    sender(({ chat_id }) => (chat_id === 'failing' ? new Problem(503, '') : null)),
  );
  expect(problem?.code).toBe(503);
  expect(server).toEqual(['three']);
  expect(await waiting()).toEqual(['one', 'two']);
});

test('a limit of the whole session stops everything until later', async () => {
  for (const content of ['one', 'two']) await write(content);
  const problem = await drain(
    'ann',
    sender(() => new Problem(111, '')),
  );
  expect(problem?.code).toBe(111);
  expect(await waiting()).toEqual(['one', 'two']);
});

test('another user of this browser sends nothing of it', async () => {
  await write('one');
  await drain('bob', sender());
  expect(server).toEqual([]);
});

test('where the browser has no locks one tab works at a time all the same', async () => {
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
  };
  await Promise.all([withLease('outbox', work('one')), withLease('outbox', work('two'))]);
  expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});
