/** What the server refuses, the page tells in words. Nearly all of it is provoked as life provokes it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { http, PASSWORD } from '../../sdk/js/kit/accounts.js';
import { FAILED_REQUEST, refusedWith } from '../kit/complaints.js';
import { Stage } from '../kit/stage.js';

describe('the page tells in words', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('that a name and a password do not belong together (401)', async (t) => {
    const alice = await stage.person(t, 'alice');
    alice.complaints.expects(refusedWith(401));
    await alice.opens();
    await alice.fillsIn(alice.name, 'not my password');
    await alice.button(alice.words.signIn).click();
    await alice.isTold(/password|name/i);
    await alice.fillsIn();
    await alice.button(alice.words.signIn).click();
    await alice.chats.waitFor();
  });

  test('the same in Russian', async (t) => {
    const alice = await stage.person(t, 'alice', { language: 'ru' });
    alice.complaints.expects(refusedWith(401));
    await alice.opens();
    await alice.fillsIn(alice.name, 'not my password');
    await alice.button(alice.words.signIn).click();
    await alice.isTold(/парол/i);
  });

  test('that the login was ended from elsewhere (401), and one signs in again', async (t) => {
    const { people } = await stage.together(t, 'Ended', ['alice']);
    const [alice] = people;
    alice.complaints.expects(refusedWith(401), FAILED_REQUEST);
    const phone = await stage.signsInElsewhere(alice.account);
    await stage.endsOtherLogins(phone);
    await alice.button(alice.words.signIn).waitFor();
    await alice.isTold(/sign(ed)? in|ended/i);
    await alice.fillsIn();
    await alice.button(alice.words.signIn).click();
    await alice.page.getByRole('heading', { name: 'Ended' }).or(alice.chats).first().waitFor();
  });

  test('that something is not allowed (403)', async (t) => {
    const { people } = await stage.together(t, 'Guests', ['host']);
    const guest = await stage.stranger(t);
    guest.complaints.expects(refusedWith(403));
    await guest.page.goto(await people[0].invites());
    await guest.joinsAs('Guest');
    await guest.isIn('Guests');
    await guest.isTakenForAMember();
    await guest.presses(guest.words.newChat);
    await guest.dialog.getByLabel(guest.words.chatName).fill('My own room');
    await guest.button(guest.words.createChat, guest.dialog).click();
    await guest.isTold(/not allowed/);
  });

  test('that a chat is not there (404)', async (t) => {
    const alice = await stage.person(t, 'alice');
    alice.complaints.expects(refusedWith(404));
    await alice.signsIn();
    await alice.opens('/#/chats/aaaaaaaaaaaaa');
    await alice.isTold(/room is not there/);
    const secret = await stage.room('Secret', [await stage.account('bob')]);
    await alice.opens(`/#/chats/${secret.chat_id}`);
    await alice.isTold(/room is not there/);
  });

  test('that an invitation is not there (404)', async (t) => {
    const guest = await stage.stranger(t);
    guest.complaints.expects(refusedWith(404));
    await guest.opens('/join/nosuchcodeatall');
    await guest.page.getByRole('heading', { name: 'This link leads nowhere' }).waitFor();
  });

  test('that a name is taken (409)', async (t) => {
    const alice = await stage.stranger(t);
    const taken = await stage.account('taken');
    alice.complaints.expects(refusedWith(409));
    await alice.opens();
    await alice.fillsIn(taken.username, PASSWORD);
    await alice.button(alice.words.register).click();
    await alice.isTold(/taken|already/i);
  });

  test('that a name is too short (422)', async (t) => {
    const alice = await stage.stranger(t);
    alice.complaints.expects(refusedWith(422));
    await alice.opens();
    await alice.fillsIn('al', PASSWORD);
    await alice.button(alice.words.register).click();
    await alice.isTold(/3|short|characters/i);
  });

  test('that there were too many attempts to sign in (429), and when to try again', async (t) => {
    const alice = await stage.person(t, 'alice');
    alice.complaints.expects(refusedWith(401), refusedWith(429));
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const body = { username: alice.name, password: `wrong ${attempt}` };
      await fetch(`${stage.node.http}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    }
    await alice.opens();
    await alice.fillsIn();
    await alice.button(alice.words.signIn).click();
    await alice.isTold(/too much.*\d+ second/i);
  });

  test('that no node serves now (503), and goes on as soon as one does', async (t) => {
    const gate = await stage.gate(t);
    const alice = await stage.person(t, 'alice', { at: gate });
    // Connections that the balancer has kept end when there is a node again.
    alice.complaints.expects(refusedWith(503), FAILED_REQUEST);
    await alice.opens();
    await alice.fillsIn();
    gate.hasNoNode();
    await alice.button(alice.words.signIn).click();
    await alice.isTold(/can.t take this now.*3 second/i);
    gate.opens();
    await alice.button(alice.words.signIn).click();
    await alice.chats.waitFor();
  });

  test('that the server does not answer', async (t) => {
    const gate = await stage.gate(t);
    const alice = await stage.person(t, 'alice', { at: gate });
    alice.complaints.expects(FAILED_REQUEST);
    await alice.opens();
    await alice.fillsIn();
    await gate.close();
    await alice.button(alice.words.signIn).click();
    await alice.isTold(/answer|reach|connection|network/i);
  });
});

describe('a node with a limit on sending', () => {
  test('takes everything that somebody in a hurry writes, a little later', async (t) => {
    const stage = await Stage.opens({ 'limits.publish_per_second': 2 });
    t.after(() => stage.closes());
    const { people } = await stage.together(t, 'Hurry', ['alice', 'bob']);
    const [alice, bob] = people;
    const texts = Array.from({ length: 5 }, (_, n) => `quick ${n}`);
    for (const text of texts) await alice.sends(text);
    await bob.seesInOrder(/quick \d/, texts);
    await alice.isAcknowledged('quick 4');
    assert.deepEqual(await alice.matches(/quick \d/), texts);
  });
});
