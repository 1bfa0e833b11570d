/** An event's room at its peak: the page stays usable while two hundred messages a second come in, and none is missing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Crowd } from '../kit/crowd.js';
import { countsLongTasks, longTasks } from '../kit/measure.js';
import { isAtTheNewest } from '../kit/reader.js';
import { wholeHistory } from '../kit/rooms.js';
import { walksTo } from '../kit/scroll.js';
import { Stage } from '../kit/stage.js';

const RATE = 200;
const SECONDS = 30;
const SPEAKERS = 20;

describe('a crowd', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('of two hundred messages a second: typing and sending work meanwhile, and everything arrives once', async (t) => {
    const alice = await stage.person(t, 'alice');
    const speakers = await Promise.all(Array.from({ length: SPEAKERS }, (_, n) => stage.account(`speaker${n}`)));
    const chat = await stage.room('Keynote', [alice.account, ...speakers]);
    await alice.signsIn();
    await alice.opensChat('Keynote');
    await alice.isLive();
    await countsLongTasks(alice);

    const crowd = new Crowd(stage.node, speakers, chat, { rate: RATE, seconds: SECONDS, text: (n) => `line ${n}.` });
    for (const text of ['I can hardly read this', 'но писать можно', 'and again']) {
      await alice.box.click();
      await alice.page.keyboard.type(text);
      assert.equal(await alice.box.inputValue(), text, 'what is typed stands there as it was typed');
      await alice.button(alice.words.send).click();
    }
    const spoken = await crowd.hasSpoken();
    assert.equal(spoken, RATE * SECONDS);

    const stored = await wholeHistory(stage.node, alice.account, chat);
    assert.equal(stored.length, spoken + 3, 'what was typed meanwhile has been sent');
    const lines = stored.flatMap(({ content }) => /line (\d+)\./.exec(content)?.[1] ?? []).map(Number);
    await isAtTheNewest(alice);
    await alice.sees(stored.at(-1).content);
    const { count, longest, total } = await longTasks(alice);
    t.diagnostic(`${RATE} messages/s for ${SECONDS} s: ${count} long tasks, ${total} ms in all, the longest ${longest} ms`);

    const walk = await walksTo(alice, 'top', `line ${lines[0]}.`);
    assert.equal(walk.disorder, null);
    assert.equal(walk.seen.length, lines.length);
    assert.deepEqual(new Set(walk.seen), new Set(lines));
  });
});
