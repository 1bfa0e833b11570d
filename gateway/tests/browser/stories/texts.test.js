/** Words that want to be more than words: they are shown as they are, or refused in words. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { http } from '../../sdk/js/kit/accounts.js';
import { refusedWith } from '../kit/complaints.js';
import { wholeHistory } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';

const HOSTILE = [
  '<img src=x onerror="document.title=\'taken over\'">',
  '<script>document.title="taken over"</script>',
  '<a href="javascript:document.title=\'taken over\'">click</a>',
  'javascript:document.title="taken over"',
  '&lt;b&gt;not bold&amp;',
  '{{constructor.constructor("document.title=1")()}}',
  '"><svg/onload=document.title=1>',
];

describe('a message', () => {
  let stage;
  let alice;
  let bob;
  let chat;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  const together = async (t, name) => {
    ({ people: [alice, bob], chat } = await stage.together(t, name, ['alice', 'bob']));
  };
  const lastStored = async () => (await wholeHistory(stage.node, alice.account, chat)).at(-1).content;

  test('of HTML and scripts is text, and nothing of it happens', async (t) => {
    await together(t, 'Markup');
    const title = await bob.page.title();
    for (const text of HOSTILE) {
      await alice.sends(text);
      await bob.sees(text);
    }
    for (const person of [alice, bob]) {
      assert.equal(await person.log.locator('script, img[src="x"], svg[onload], a[href^="javascript:"]').count(), 0);
      assert.notEqual(await person.page.title(), 'taken over');
    }
    assert.equal(await bob.page.title(), title);
  });

  test('that is pasted from a web page is its text', async (t) => {
    await together(t, 'Paste');
    await alice.pastes('<b>bold</b><img src="nothing.png"><script>document.title=1</script>', 'bold');
    assert.equal(await alice.box.inputValue(), 'bold');
    await alice.button(alice.words.send).click();
    await bob.sees('bold');
    assert.equal(await lastStored(), 'bold');
  });

  test('that turns the direction of writing turns nothing but itself', async (t) => {
    await together(t, 'Direction');
    await alice.sends('first \u202Egnp.exe');
    await alice.sends('\u2067שלום עולם');
    await alice.sends('plain after it');
    await bob.sees('plain after it');
    for (const text of ['first ', 'שלום', 'plain after it']) assert.ok(await bob.isIsolated(text), `${text} is isolated from what stands beside it`);
  });

  test('stands under its author, whose name plays no tricks', async (t) => {
    await together(t, 'Names');
    const { token, username } = bob.account;
    const name = 'Bob \u202E\u2067<i>gnp.exe</i>';
    await http(stage.node, 'PUT', `/user/${username}`, { token, body: { info: { name } } });
    await bob.sends('guess who');
    await alice.page.reload();
    await alice.message('guess who').filter({ hasText: 'Bob <i>gnp.exe</i>' }).waitFor();
    assert.doesNotMatch(await alice.page.locator('body').innerText(), /[\u202E\u2067]/);
  });

  test('of ten thousand emoji is shown whole', async (t) => {
    await together(t, 'Emoji');
    const text = '🎉'.repeat(10_000);
    await alice.sends('🎉');
    await alice.box.fill(text);
    await alice.presses(alice.words.send);
    await bob.presses(bob.words.showAll);
    await bob.sees(text);
    await bob.scrollsNoSideways();
    assert.equal(await lastStored(), text);
  });

  test('with control characters is shown without them doing anything, or refused in words', async (t) => {
    await together(t, 'Control');
    alice.complaints.expects(refusedWith(422), refusedWith(400));
    await alice.box.fill('bell\u0007 and escape\u001b[31m end');
    await alice.button(alice.words.send).click();
    await alice.message('bell').or(alice.page.getByRole('alert')).first().waitFor();
    await alice.box.fill('');
    await alice.sends('and life goes on');
    await bob.sees('and life goes on');
    assert.doesNotMatch(await bob.log.innerText(), /[\u0000-\u0008\u000b-\u001f]/);
  });

  test('of nothing but spaces is not sent', async (t) => {
    await together(t, 'Spaces');
    await alice.box.fill('  \n ');
    await alice.box.press('Enter');
    await alice.sends('words');
    await bob.sees('words');
    assert.equal((await wholeHistory(stage.node, alice.account, chat)).length, 1);
  });

  test('as large as the server takes goes through; a larger one is refused in words and stays to be shortened', async (t) => {
    await together(t, 'Size');
    alice.complaints.expects(refusedWith(413));
    const large = `large ${'a'.repeat(65_000)}`;
    await alice.box.fill(large);
    await alice.presses(alice.words.send);
    await alice.isAcknowledged('large');
    await bob.presses(bob.words.showAll);
    await bob.sees(large);
    await alice.box.fill(`larger ${'b'.repeat(80_000)}`);
    await alice.isTold(/80,?007.*Shorten it/);
    await alice.box.press('Enter');
    await alice.box.fill('short again');
    await alice.presses(alice.words.send);
    await bob.sees('short again');
    assert.equal((await wholeHistory(stage.node, bob.account, chat)).length, 2);
  });

  test('of many lines keeps them', async (t) => {
    await together(t, 'Lines');
    await alice.box.fill('one\ntwo\n\nfour');
    await alice.button(alice.words.send).click();
    await bob.sees('four');
    assert.match(await bob.message('four').innerText(), /one\ntwo\n\n?\n?four/);
    assert.equal(await lastStored(), 'one\ntwo\n\nfour');
  });
});

describe('a node that takes less than the page thinks', () => {
  test('refuses a message in words; it can be given up, and the next one goes out', async (t) => {
    const stage = await Stage.opens({ 'limits.message_bytes': 1_024 });
    t.after(() => stage.closes());
    const { people } = await stage.together(t, 'Small', ['alice', 'bob']);
    const [alice, bob] = people;
    await alice.sends(`too much ${'c'.repeat(1_200)}`);
    await alice.seesState('too much', 'failed');
    await alice.message('too much').filter({ hasText: /too large/i }).waitFor();
    await alice.sends('little');
    await bob.sees('little');
    await alice.button('Discard', alice.message('too much')).click();
    await alice.doesNotSee('too much');
  });
});
