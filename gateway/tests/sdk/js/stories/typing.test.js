/** Who is typing: told at once, and to the SDK nothing but a word in passing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { http, register } from '../kit/accounts.js';
import { Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { TRANSPORTS } from '../kit/transports.js';

const isTyping = ({ value }) => value.event === 'typing';

describe('typing', () => {
  let node;
  before(async () => {
    node = await Node.start();
  });
  after(() => node.close());

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      const together = async (t) => {
        const people = await Promise.all(
          ['alice', 'bob'].map(async (name) => {
            const account = await register(node);
            const person = new Person(name, node, { transport, token: account.token });
            Object.assign(person, account);
            t.after(() => person.leaves());
            await person.connects();
            return person;
          }),
        );
        const [alice, bob] = people;
        const { chat_id: chat } = await alice.calls('room.create', { name: 'lunch', participants: [bob.userId] });
        const ear = await alice.listens(`room:${chat}`);
        const hearsTyping = (times) => ear.until(() => ear.entries.filter(isTyping).length >= times, `hears typing ${times} times`);
        const says = (content) => bob.calls('message.send', { chat_id: chat, content });
        return { alice, bob, chat, ear, hearsTyping, says };
      };

      test('is told with the place of the last entry, so that nobody’s place in the log moves', async (t) => {
        const { bob, chat, ear, hearsTyping, says } = await together(t);
        const before = await says('one');
        await ear.hearsUpTo(before.offset);
        assert.deepEqual(await bob.calls('room.typing', { chat_id: chat }), {});
        await hearsTyping(1);
        const { offset, value } = ear.entries.find(isTyping);
        assert.deepEqual(value, { event: 'typing', data: { chat_id: chat, user_ids: [bob.userId] } });
        assert.equal(offset, before.offset);

        const after = await says('two');
        assert.equal(after.offset, before.offset + 1);
        await ear.hearsUpTo(after.offset);
        assert.equal(ear.entries.at(-1).value.data.content, 'two');
      });

      test('whoever comes back is given each entry once and nobody’s typing', async (t) => {
        const { alice, bob, chat, ear, hearsTyping, says } = await together(t);
        await ear.hearsUpTo((await says('heard')).offset);
        await http(node, 'POST', `/chats/${chat}/typing`, { token: bob.token });
        await hearsTyping(1);
        alice.leaves();
        const missed = [await says('missed'), await says('missed too')];
        await bob.calls('room.typing', { chat_id: chat });
        await alice.connects();
        await ear.isSubscribed(2);
        await ear.hearsUpTo(missed[1].offset);
        const last = await says('heard again');
        await ear.hearsUpTo(last.offset);

        ear.alwaysRecovered();
        const log = await alice.wholeLog(`room:${chat}`);
        assert.ok(!log.entries.some(isTyping), 'the log knows nothing of it');
        const heard = ear.entries.filter((entry) => !isTyping(entry)).map(({ offset }) => offset);
        const from = heard[0];
        assert.deepEqual(heard, log.entries.map(({ offset }) => offset).filter((offset) => offset >= from));
        const behind = ear.entries.findIndex(({ offset }) => offset === missed[0].offset);
        const between = ear.entries.slice(behind, ear.entries.findIndex(({ offset }) => offset === missed[1].offset));
        assert.ok(!between.some(isTyping), 'what was recovered holds no typing');
      });
    });
  }
});
