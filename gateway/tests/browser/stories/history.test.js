/** A room with ten thousand messages: all of them can be read, and the page stays small. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Clock } from '../kit/clock.js';
import { say, sayMany, wholeHistory } from '../kit/rooms.js';
import { isAtTheNewest, isInView, topMessage, turnsTheWheel } from '../kit/reader.js';
import { walksTo } from '../kit/scroll.js';
import { Stage } from '../kit/stage.js';

const MESSAGES = 10_000;
const DAY_MS = 24 * 3_600_000;
/** Elements of the page at any moment, however long the room is. */
const ELEMENTS_MAX = 6_000;
const MESSAGES_AT_ONCE_MAX = 400;
const number = (message) => Number(/line (\d+)\./.exec(message.content)[1]);

describe('a long room', () => {
  let stage;
  let alice;
  let bob;
  let chat;
  let stored;
  before(async () => {
    stage = await Stage.opens();
    alice = await stage.account('alice');
    bob = await stage.account('bob');
    chat = await stage.room('Archive', [alice, bob]);
    await sayMany(stage.node, [alice], chat, MESSAGES, (n) => `line ${n}.`);
    stored = (await wholeHistory(stage.node, bob, chat)).map(number);
    assert.equal(stored.length, MESSAGES);
  });
  after(() => stage.closes());

  test('is read from the newest message to the oldest and back: all of it, in order, in a small page', async (t) => {
    const reader = await stage.person(t, bob);
    await reader.signsIn();
    await reader.opensChat('Archive');
    await reader.sees(`line ${stored.at(-1)}.`);
    const up = await walksTo(reader, 'top', `line ${stored[0]}.`);
    assert.deepEqual(up.seen.sort((one, other) => stored.indexOf(one) - stored.indexOf(other)), stored);
    const down = await walksTo(reader, 'bottom', `line ${stored.at(-1)}.`);
    assert.deepEqual(down.seen.sort((one, other) => stored.indexOf(one) - stored.indexOf(other)), stored);
    for (const walk of [up, down]) {
      assert.equal(walk.disorder, null, 'what is on the page is always a piece of the log');
      assert.ok(walk.elements <= ELEMENTS_MAX, `${walk.elements} elements`);
      assert.ok(walk.messages <= MESSAGES_AT_ONCE_MAX, `${walk.messages} messages at once`);
    }
    t.diagnostic(`most elements ${Math.max(up.elements, down.elements)}, most messages ${Math.max(up.messages, down.messages)}, ${up.milliseconds} ms up, ${down.milliseconds} ms down`);
  });

  test('one who scrolled up stays where they are when something new comes, and gets to it by one button', async (t) => {
    const reader = await stage.person(t, bob);
    await reader.signsIn();
    await reader.opensChat('Archive');
    await reader.sees(`line ${stored.at(-1)}.`);
    await turnsTheWheel(reader, -3);
    const before = await topMessage(reader);
    await say(stage.node, alice, chat, 'line 10001.');
    await reader.button(reader.words.newest).waitFor();
    await reader.until((id) => document.querySelector(`[data-message-id="${id}"]`), before);
    assert.equal(await topMessage(reader), before);
    await reader.button(reader.words.newest).click();
    await isInView(reader, 'line 10001.');
  });
});

describe('a room of many days', () => {
  let clock;
  let stage;
  let alice;
  let bob;
  let chat;
  const days = [9, 6, 3, 1];
  const dayBefore = (count) => new Date(Date.now() - count * DAY_MS);
  before(async () => {
    clock = Clock.at(dayBefore(10));
    stage = await Stage.opens({ 'limits.publish_per_second': 0 }, { surroundings: clock.surroundings });
    alice = await stage.account('alice');
    bob = await stage.account('bob');
    chat = await stage.room('Diary', [alice, bob]);
    for (const day of days) {
      await clock.turnsTo(dayBefore(day), stage.node);
      alice = await stage.signsInElsewhere(alice);
      await sayMany(stage.node, [alice], chat, 200, (n) => `day ${day} entry ${n}`);
    }
    await clock.turnsTo(new Date(), stage.node);
  });
  after(() => stage.closes());

  test('jumps to a date: its first message stands in view, the days around it follow', async (t) => {
    const reader = await stage.person(t, bob);
    await reader.signsIn();
    await reader.opensChat('Diary');
    await reader.sees('day 1 entry');
    await reader.jumpsToDate(dayBefore(6));
    const [first] = (await wholeHistory(stage.node, await stage.signsInElsewhere(bob), chat)).filter(({ content }) => content.startsWith('day 6'));
    await isInView(reader, first.content);
    await reader.button(reader.words.newest).click();
    await isAtTheNewest(reader);
  });

  test('goes to the first unread message, however far above it is', async (t) => {
    const reader = await stage.person(t, await stage.account('carol'));
    const host = await stage.signsInElsewhere(alice);
    const room = await stage.room('Backlog', [host, reader.account]);
    await say(stage.node, host, room, 'before');
    await reader.signsIn();
    await reader.opensChat('Backlog');
    await reader.sees('before');
    await stage.until(host, room, 'the message is read', ([message]) => message.status === 'read');
    await reader.opensList();
    for (let n = 1; n <= 300; n += 1) await say(stage.node, host, room, `new ${n} of 300`);
    await reader.opensChat('Backlog');
    await reader.sees('new 300 of 300');
    await reader.button(reader.words.firstUnread).click();
    await isInView(reader, 'new 1 of 300');
  });
});
