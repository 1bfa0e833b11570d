/** An event's room by link, from a phone, without an account. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { PHONE } from '../kit/browser.js';
import { Stage } from '../kit/stage.js';

describe('a guest', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('comes by the link that a host shows, writes, and is still there after a reload', async (t) => {
    const { people } = await stage.together(t, 'Open evening', ['host']);
    const [host] = people;
    const link = await host.invites();
    const guest = await stage.stranger(t, { size: PHONE });
    await guest.page.goto(link);
    await guest.page.getByText('Open evening').first().waitFor();
    await guest.scrollsNoSideways();
    await guest.joinsAs('Карлсон');
    await guest.isIn('Open evening');
    await guest.scrollsNoSideways();
    await guest.sends('hello from my phone');
    await host.sees('hello from my phone');
    // The name comes a moment later: it is asked for once.
    await host.message('hello from my phone').filter({ hasText: 'Карлсон' }).waitFor();
    await host.sends('welcome');
    await guest.sees('welcome');
    await guest.page.reload();
    await guest.sees('welcome');
    await guest.isLive();
    await guest.sends('still here');
    await host.sees('still here');
    await guest.opensList();
    await guest.chat('Open evening').waitFor();
    assert.equal(await guest.button(guest.words.newChat).count(), 0, 'what a guest may not do is not offered');
  });

  test('comes twice with one link from two phones: two people', async (t) => {
    const { people } = await stage.together(t, 'Two phones', ['host']);
    const [host] = people;
    const link = await host.invites();
    const guests = await Promise.all([stage.stranger(t, { size: PHONE }), stage.stranger(t, { size: PHONE })]);
    for (const [n, guest] of guests.entries()) {
      await guest.page.goto(link);
      await guest.joinsAs('Guest');
      await guest.isIn('Two phones');
      await guest.sends(`guest ${n}`);
    }
    await host.seesInOrder(/guest \d/, ['guest 0', 'guest 1']);
    await host.seesHere(3);
  });
});
