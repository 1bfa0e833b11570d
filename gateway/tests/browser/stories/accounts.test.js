/** Coming in for the first time, finding people, and starting to talk with them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { http } from '../../sdk/js/kit/accounts.js';
import { Stage } from '../kit/stage.js';

describe('somebody new', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('registers on the page, finds somebody and talks with them', async (t) => {
    const alice = await stage.stranger(t);
    const bob = await stage.person(t, 'bob');
    await alice.opens();
    await alice.registers(`alice-${randomUUID().slice(0, 6)}`);
    await alice.findsPerson(bob.name);
    await alice.sends('hello, I am new');
    await bob.signsIn();
    await bob.opensChat(alice.name);
    await bob.sees('hello, I am new');
    await bob.sends('welcome');
    await alice.sees('welcome');
  });

  test('sees people under the names that they go by, also a chat of two', async (t) => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => stage.person(t, name)));
    const { token, username } = bob.account;
    const goesBy = `Борис ${randomUUID().slice(0, 6)}`;
    await http(stage.node, 'PUT', `/user/${username}`, { token, body: { info: { name: goesBy } } });
    await alice.signsIn();
    await alice.findsPerson(goesBy);
    await alice.page.reload();
    await alice.isIn(goesBy);
    await alice.chat(goesBy).waitFor();
    await bob.signsIn();
    await bob.opensChat(alice.name);
  });

  test('starts a group with two others, who see it at once', async (t) => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => stage.person(t, name)));
    for (const person of [alice, bob, carol]) await person.signsIn();
    await alice.startsGroup('Trip to the lake', [bob.name, carol.name]);
    await alice.isIn('Trip to the lake');
    await alice.sends('who brings the boat?');
    for (const person of [bob, carol]) {
      await person.opensChat('Trip to the lake');
      await person.sees('who brings the boat?');
    }
  });

  test('stays signed in over a reload, and is out after signing out', async (t) => {
    const alice = await stage.person(t, 'alice');
    await alice.signsIn();
    await alice.page.reload();
    await alice.chats.waitFor();
    await alice.signsOut();
    await alice.page.reload();
    await alice.button(alice.words.signIn).waitFor();
    assert.equal(await alice.chats.count(), 0);
  });

  test('looks around as demo, in the room that is live', async (t) => {
    const visitor = await stage.stranger(t);
    await visitor.opens();
    await visitor.button(visitor.words.demo).click();
    await visitor.chats.waitFor();
    await visitor.chats.getByRole('link').first().click();
    await visitor.log.waitFor();
    await visitor.isLive();
    await visitor.sends('a visitor was here');
    await visitor.isAcknowledged('a visitor was here');
  });
});

describe('a node without a demo', () => {
  test('offers none', async (t) => {
    const stage = await Stage.opens({}, { demo: false });
    t.after(() => stage.closes());
    const visitor = await stage.stranger(t);
    await visitor.opens();
    await visitor.button(visitor.words.signIn).waitFor();
    await visitor.page.waitForLoadState('networkidle');
    assert.equal(await visitor.button(visitor.words.demo).count(), 0);
  });
});
