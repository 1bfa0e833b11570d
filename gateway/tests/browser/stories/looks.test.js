/** Every view in both languages, on a desk and on the narrowest phone, light and dark: usable by everybody, and never wider than the window. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { violationsOf } from '../kit/axe.js';
import { DESK, PHONE } from '../kit/browser.js';
import { FAILED_REQUEST } from '../kit/complaints.js';
import { say } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';

const SIZES = { desk: DESK, phone: PHONE };
const SCHEMES = ['light', 'dark'];

describe('every view', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  for (const language of ['en', 'ru']) {
    for (const [name, size] of Object.entries(SIZES)) {
      test(`is in order in ${language} on a ${name}, light and dark`, async (t) => {
        const alice = await stage.person(t, 'alice', { language, size });
        const bob = await stage.account('a-person-with-quite-a-long-name-indeed');
        const chat = await stage.room('A room with a name that is longer than any phone is wide, indeed', [alice.account, bob]);
        const question = await say(stage.node, bob, chat, `look: https://example.org/${'long'.repeat(40)}`);
        await say(stage.node, alice.account, chat, 'an answer', { reply_to: question.message_id });
        alice.complaints.expects(FAILED_REQUEST);
        const violations = [];
        const looksAt = async (view, person = alice) => {
          for (const scheme of SCHEMES) {
            await person.page.emulateMedia({ colorScheme: scheme });
            await person.until(() => document.getAnimations().length === 0);
            await person.scrollsNoSideways();
            violations.push(...(await violationsOf(person.page)).map((violation) => `${view}, ${scheme}: ${violation}`));
          }
        };
        await alice.opens();
        await alice.button(alice.words.signIn).waitFor();
        await looksAt('signing in');
        await alice.signsIn();
        await looksAt('the list');
        await alice.button(alice.words.newChat).click();
        await looksAt('a new chat');
        await alice.page.keyboard.press('Escape');
        await alice.opensChat(chat.name);
        await alice.sees('an answer');
        await alice.isLive();
        await looksAt('a room');
        await alice.opensActions('an answer');
        await looksAt('the actions of a message');
        await alice.page.keyboard.press('Escape');
        const link = await alice.invites({ stays: true });
        await looksAt('an invitation');
        await alice.page.keyboard.press('Escape');
        await alice.goesOffline();
        await looksAt('a room without a line');
        await alice.comesBack();
        const guest = await stage.stranger(t, { language, size });
        await guest.page.goto(link);
        await guest.page.getByLabel(guest.words.yourName).waitFor();
        await looksAt('joining', guest);
        assert.deepEqual(violations, []);
      });
    }
  }

  test('changes its language at once, and keeps it', async (t) => {
    const alice = await stage.person(t, 'alice');
    await alice.opens();
    await alice.button('Русский').click();
    await alice.button('Войти').waitFor();
    await alice.page.reload();
    await alice.button('Войти').waitFor();
    await alice.button('English').click();
    await alice.button('Sign in').waitFor();
  });

  test('changes its theme at once, and keeps it', async (t) => {
    const alice = await stage.person(t, 'alice', { scheme: 'light' });
    await alice.opens();
    const light = await alice.background();
    await alice.turnsDark();
    const dark = await alice.background();
    assert.notEqual(dark, light);
    await alice.page.reload();
    await alice.button(alice.words.theme).waitFor();
    assert.equal(await alice.background(), dark);
  });

  test('can be used with the keyboard alone', async (t) => {
    const { people } = await stage.together(t, 'Keys', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.box.focus();
    await alice.page.keyboard.type('sent by Enter');
    await alice.page.keyboard.press('Enter');
    await bob.sees('sent by Enter');
    await alice.tabsTo(alice.words.actions);
    await alice.page.keyboard.press('Enter');
    await alice.menuItem(alice.words.reply).waitFor();
    await alice.page.keyboard.press('Escape');
    await alice.menuItem(alice.words.reply).waitFor({ state: 'detached' });
  });
});
