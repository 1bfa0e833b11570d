/** Lines that break: nothing is lost, nothing comes twice, everything stands in its order. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAILED_REQUEST } from '../kit/complaints.js';
import { say, wholeHistory } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';

const contents = (history) => history.map(({ content }) => content);

describe('a line that breaks', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('away for a while: what was written on both sides is there on both, once and in one order', async (t) => {
    const { people, chat } = await stage.together(t, 'Tunnel', ['alice', 'bob']);
    const [alice, bob] = people;
    alice.complaints.expects(FAILED_REQUEST);
    await bob.sends('note 00');
    await alice.sees('note 00');
    await alice.goesOffline();
    for (const text of ['note 11', 'note 12', 'note 13']) await alice.sends(text);
    await alice.seesState('note 13', 'waiting');
    for (const text of ['note 21', 'note 22', 'note 23']) await bob.sends(text);
    await bob.isAcknowledged('note 23');
    await alice.comesBack();
    await alice.isAcknowledged('note 13');
    const stored = contents(await wholeHistory(stage.node, bob.account, chat));
    assert.deepEqual([...stored].sort(), ['note 00', 'note 11', 'note 12', 'note 13', 'note 21', 'note 22', 'note 23']);
    assert.deepEqual(stored.filter((text) => text.startsWith('note 1')), ['note 11', 'note 12', 'note 13']);
    for (const person of people) await person.seesInOrder(/note \d\d/, stored);
  });

  test('what was written offline outlives the window and goes out once, in order, when it is opened again', async (t) => {
    const { people, chat } = await stage.together(t, 'Elevator', ['alice', 'bob']);
    const [alice, bob] = people;
    alice.complaints.expects(FAILED_REQUEST);
    await alice.goesOffline();
    for (const text of ['kept 1', 'kept 2', 'kept 3']) await alice.sends(text);
    await alice.seesState('kept 3', 'waiting');
    await alice.page.close();
    await alice.context.setOffline(false);
    const again = await alice.anotherTab();
    await again.opens();
    await again.opensChat('Elevator');
    await bob.seesInOrder(/kept \d/, ['kept 1', 'kept 2', 'kept 3']);
    await again.isAcknowledged('kept 3');
    await again.seesInOrder(/kept \d/, ['kept 1', 'kept 2', 'kept 3']);
    assert.deepEqual(contents(await wholeHistory(stage.node, bob.account, chat)), ['kept 1', 'kept 2', 'kept 3']);
  });

  test('a send whose answer is lost is repeated, and stands there once', async (t) => {
    const gate = await stage.gate(t);
    const { people, chat } = await stage.together(t, 'Echo', ['alice'], { at: gate });
    const [alice] = people;
    alice.complaints.expects(FAILED_REQUEST);
    gate.losesAnswers();
    await alice.sends('once 1');
    await alice.seesState('once 1', 'waiting');
    await stage.until(alice.account, chat, 'the message is stored', (history) => history.length === 1);
    gate.cut();
    await alice.isAcknowledged('once 1');
    await alice.sends('once 2');
    await alice.isAcknowledged('once 2');
    await alice.seesInOrder(/once \d/, ['once 1', 'once 2']);
    assert.deepEqual(contents(await wholeHistory(stage.node, alice.account, chat)), ['once 1', 'once 2']);
  });

  test('many short breaks while both write leave the same room on both sides', async (t) => {
    const gate = await stage.gate(t);
    const { people, chat } = await stage.together(t, 'Train', ['alice', 'bob'], { at: gate });
    for (const person of people) person.complaints.expects(FAILED_REQUEST);
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(people.map((person, side) => person.sends(`ride ${side}${round}`)));
      gate.cut();
    }
    for (const [side, person] of people.entries()) await person.isAcknowledged(`ride ${side}5`);
    const stored = contents(await wholeHistory(stage.node, people[0].account, chat));
    assert.equal(new Set(stored).size, 10);
    assert.equal(stored.length, 10);
    for (const person of people) await person.seesInOrder(/ride \d\d/, stored);
  });
});

describe('a node that dies under an open page', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('the page says so, goes on writing, and has everything when the node is back', async (t) => {
    const { people, chat } = await stage.together(t, 'Power cut', ['alice', 'bob']);
    const [alice, bob] = people;
    for (const person of people) person.complaints.expects(FAILED_REQUEST);
    await bob.sends('event 01');
    await alice.sees('event 01');
    await stage.node.kill9();
    await alice.isNotLive();
    for (const text of ['event 11', 'event 12']) await alice.sends(text);
    await alice.seesState('event 12', 'waiting');
    await stage.node.begin();
    await say(stage.node, bob.account, chat, 'event 21');
    await alice.isLive();
    await alice.isAcknowledged('event 12');
    await alice.sees('event 21');
    const stored = contents(await wholeHistory(stage.node, bob.account, chat));
    assert.deepEqual([...stored].sort(), ['event 01', 'event 11', 'event 12', 'event 21']);
    for (const person of people) await person.seesInOrder(/event \d\d/, stored);
  });
});
