/** Two people in one room at once: what one does, the other sees. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { say, wholeHistory } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';

describe('two people in a room', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('what one sends, the other sees, and the sender learns that it was read', async (t) => {
    const { people, chat } = await stage.together(t, 'Lunch', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.sends('soup or salad?');
    await bob.sees('soup or salad?');
    await alice.seesState('soup or salad?', 'read');
    await bob.sends('both');
    await alice.sees('both');
    const stored = await wholeHistory(stage.node, alice.account, chat);
    assert.deepEqual(stored.map(({ content }) => content), ['soup or salad?', 'both']);
  });

  test('a reply shows what it answers, to both', async (t) => {
    const { people, chat } = await stage.together(t, 'Replies', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.sends('who has the key?');
    await bob.sees('who has the key?');
    await bob.repliesTo('who has the key?', 'it is in my desk');
    await alice.sees('it is in my desk');
    for (const person of people) {
      await person.message('it is in my desk').filter({ hasText: 'who has the key?' }).waitFor();
    }
    const [question, answer] = await wholeHistory(stage.node, alice.account, chat);
    assert.equal(answer.reply_to, question.message_id);
  });

  test('an edit and a deletion change the message where it stands, for both', async (t) => {
    const { people, chat } = await stage.together(t, 'Changes', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.sends('at tow');
    await alice.sends('in room 5');
    await bob.sees('in room 5');
    await alice.edits('at tow', 'at two');
    await bob.sees('at two');
    await bob.doesNotSee('at tow');
    await alice.seesInOrder(/at two|in room 5/, ['at two', 'in room 5']);
    await alice.deletes('in room 5');
    await bob.doesNotSee('in room 5');
    await alice.doesNotSee('in room 5');
    const stored = await wholeHistory(stage.node, bob.account, chat);
    assert.ok(!JSON.stringify(stored).includes('in room 5'));
  });

  test('nobody is offered to change what somebody else wrote', async (t) => {
    const { people } = await stage.together(t, 'Manners', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.sends('mine');
    await bob.sees('mine');
    await bob.opensActions('mine');
    await bob.menuItem(bob.words.reply).waitFor();
    assert.equal(await bob.menuItem(bob.words.edit).count(), 0);
    assert.equal(await bob.menuItem(bob.words.delete).count(), 0);
  });

  test('somebody who is typing is seen until the message is there', async (t) => {
    const { people } = await stage.together(t, 'Typing', ['alice', 'bob']);
    const [alice, bob] = people;
    await bob.startsTyping('let me think');
    await alice.seesTyping(bob.name);
    await bob.button(bob.words.send).click();
    await alice.sees('let me think');
    await alice.seesNobodyTyping();
  });

  test('the room says how many people are here', async (t) => {
    const { people } = await stage.together(t, 'Company', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.seesHere(2);
    await bob.page.close();
    await alice.seesHere(1);
  });

  test('a message is sent, then received, then read, as the other comes nearer', async (t) => {
    const { people, chat } = await stage.together(t, 'Marks', ['alice']);
    const [alice] = people;
    const bob = await stage.person(t, 'bob');
    await stage.adds(alice.account, chat, bob.account);
    await alice.sends('are you there?');
    await alice.seesState('are you there?', 'sent');
    await bob.signsIn();
    await bob.opensChat('Marks');
    await bob.sees('are you there?');
    await alice.seesState('are you there?', 'read');
  });

  test('the list says how much is unread, and it is read when the room is opened', async (t) => {
    const alice = await stage.person(t, 'alice');
    const bob = await stage.account('bob');
    const chat = await stage.room('Unread', [alice.account, bob]);
    await alice.signsIn();
    await alice.isLive();
    for (const text of ['one', 'two', 'three']) await say(stage.node, bob, chat, text);
    await alice.seesUnread('Unread', 3);
    await alice.opensChat('Unread');
    await alice.sees('three');
    await alice.seesUnread('Unread', 0);
  });

  test('two windows of one person show the same, and nothing twice', async (t) => {
    const { people, chat } = await stage.together(t, 'Windows', ['alice', 'bob']);
    const [alice, bob] = people;
    const second = await alice.anotherTab();
    await second.opens();
    await second.opensChat('Windows');
    await second.isLive();
    await alice.sends('from the first');
    await second.sees('from the first');
    await second.sends('from the second');
    await alice.sees('from the second');
    await bob.sends('from bob');
    for (const window of [alice, second]) {
      await window.seesInOrder(/from (the first|the second|bob)/, ['from the first', 'from the second', 'from bob']);
    }
    assert.equal((await wholeHistory(stage.node, bob.account, chat)).length, 3);
  });
});
