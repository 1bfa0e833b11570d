/** Subscription tokens: they admit to one channel, read only, and need to be renewed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { http, register } from '../kit/accounts.js';
import { Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { connectionToken, jwt, nowSeconds, subscriptionToken } from '../kit/tokens.js';
import { TRANSPORTS } from '../kit/transports.js';
import { Watched, next } from '../kit/wait.js';

describe('a subscription token', () => {
  let node;
  let owner;
  let room;
  before(async () => {
    node = await Node.start();
    owner = await register(node);
    const chat = await http(node, 'POST', '/chats', { token: owner.token, body: { name: 'by invitation' }, status: 201 });
    room = chat.chat_id;
  });
  after(() => node.close());

  const say = (content) =>
    http(node, 'POST', `/chats/${room}/messages`, { token: owner.token, body: { content }, status: 201 });

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      const guest = async (t, name = 'guest') => {
        const person = new Person(name, node, { transport, token: connectionToken(name, 600) });
        t.after(() => person.leaves());
        await person.connects();
        return person;
      };

      test('admits somebody who is no member, to listen and not to speak', async (t) => {
        const person = await guest(t);
        assert.equal(await person.refusal(`room:${room}`, { token: '' }), 102, 'without it the room is not there');
        const ear = await person.listens(`room:${room}`, { token: subscriptionToken('guest', `room:${room}`, 600) });
        const from = ear.subscribed[0].streamPosition.offset;
        const { offset } = await say('you can hear this');
        await ear.hearsUpTo(offset);
        assert.equal(ear.entries.at(-1).value.data.content, 'you can hear this');
        assert.equal(ear.entries[0].offset, from + 1);
        await assert.rejects(person.publish(`room:${room}`, { content: 'but I can not answer' }), ({ code }) =>
          [102, 103].includes(code),
        );
      });

      test('signed by another, or no subscription token at all, is refused with 103', async (t) => {
        const person = await guest(t);
        const forged = jwt({ sub: 'guest', channel: `room:${room}`, exp: nowSeconds() + 600 }, 'another secret');
        for (const token of [forged, 'nonsense', connectionToken('guest', 600)]) {
          assert.equal(await person.refusal(`room:${room}`, { token }), 103, `with the token ${token}`);
        }
      });

      test('for another channel or for another user: disconnected for good with 3500', async (t) => {
        for (const token of [
          subscriptionToken('guest', 'room:another', 600),
          subscriptionToken('somebody else', `room:${room}`, 600),
        ]) {
          const person = await guest(t);
          const gone = next(person.client, 'disconnected');
          person.client.newSubscription(`room:${room}`, { token }).subscribe();
          assert.equal((await gone).code, 3500, `with the token ${token}`);
        }
      });

      test('that has expired is replaced by asking for a new one', async (t) => {
        const person = await guest(t);
        let asked = 0;
        const ear = await person.listens(`room:${room}`, {
          token: subscriptionToken('guest', `room:${room}`, -60),
          getToken: async ({ channel }) => {
            asked += 1;
            return subscriptionToken('guest', channel, 600);
          },
        });
        assert.equal(asked, 1);
        const { offset } = await say('after the new token');
        await ear.hearsUpTo(offset);
      });

      test('that ends soon is refreshed without an interruption', async (t) => {
        const person = await guest(t);
        let asked = 0;
        const refresh = new Watched();
        const ear = await person.listens(`room:${room}`, {
          token: subscriptionToken('guest', `room:${room}`, 3),
          getToken: async ({ channel }) => {
            asked += 1;
            refresh.changed();
            return subscriptionToken('guest', channel, 600);
          },
        });
        await refresh.until(() => asked > 0, 'the SDK asks for a new token');
        const { offset } = await say('after the refresh');
        await ear.hearsUpTo(offset);
        assert.equal(ear.subscribed.length, 1);
        assert.deepEqual(ear.unsubscribed, []);
      });
    });
  }
});
