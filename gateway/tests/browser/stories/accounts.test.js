/** Coming in for the first time, finding people, and starting to talk with them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

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
