/** Who gets in, who does not, and with which code. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { register, http } from '../kit/accounts.js';
import { JWT_SECRET, Node, STORY_SETTINGS } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { connectionToken, jwt, nowSeconds } from '../kit/tokens.js';
import { TRANSPORTS } from '../kit/transports.js';
import { Watched, next } from '../kit/wait.js';

describe('connecting', () => {
  let node;
  before(async () => {
    node = await Node.start();
  });
  after(() => node.close());

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      test('with the token of a login', async (t) => {
        const account = await register(node);
        const alice = new Person('alice', node, { transport, token: account.token });
        t.after(() => alice.leaves());
        const { client } = await alice.connects();
        assert.match(client, /^[0-9a-f-]{36}$/, 'every connection has an id');
      });

      test('with the token of an outside identity provider, with and without an end', async (t) => {
        for (const token of [connectionToken('from outside'), connectionToken('from outside', 600)]) {
          const guest = new Person('guest', node, { transport, token });
          t.after(() => guest.leaves());
          await guest.connects();
        }
      });

      test('with an expired token: the SDK asks for a new one and gets in', async (t) => {
        let asked = 0;
        const late = new Person('late', node, {
          transport,
          token: connectionToken('late', -60),
          getToken: async () => {
            asked += 1;
            return connectionToken('late', 600);
          },
        });
        t.after(() => late.leaves());
        await late.connects();
        assert.equal(asked, 1);
      });

      test('a token that ends soon is refreshed on the open connection', async (t) => {
        let asked = 0;
        const refresh = new Watched();
        const steady = new Person('steady', node, {
          transport,
          token: connectionToken('steady', 3),
          getToken: async () => {
            asked += 1;
            refresh.changed();
            return connectionToken('steady', 600);
          },
        });
        t.after(() => steady.leaves());
        await steady.connects();
        steady.client.on('connecting', () => assert.fail('the connection was given up'));
        const ear = await steady.listens(`refresh over ${transport.name}`);
        await refresh.until(() => asked > 0, 'the SDK asks for a new token');
        await steady.publish(ear.channel, { after: 'the refresh' });
        await ear.hearsUpTo(1);
        assert.equal(asked, 1);
      });

      test('with a bad token: disconnected for good with 3500', async () => {
        const exp = nowSeconds() + 600;
        const bad = [
          'nonsense',
          jwt({ sub: 'mallory', exp }, 'another secret'),
          `${connectionToken('mallory', 600)}x`,
          `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"mallory"}').toString('base64url')}.`,
        ];
        for (const token of bad) {
          const mallory = new Person('mallory', node, { transport, token });
          const { code } = await mallory.isRefused();
          assert.equal(code, 3500, `with the token ${token}`);
        }
      });

      test('without a token: disconnected for good with 3501', async () => {
        const nobody = new Person('nobody', node, { transport, token: '' });
        assert.equal((await nobody.isRefused()).code, 3501);
      });
    });
  }

  test('the token printed by the command line serves, also beside the running node', async (t) => {
    const { username } = await register(node);
    const token = await node.command('token', username);
    const operator = new Person('operator', node, { token });
    t.after(() => operator.leaves());
    await operator.connects();
  });

  test('the first paths of the socket lead to the same place', async (t) => {
    const { token } = await register(node);
    const { Centrifuge } = await import('centrifuge');
    const { default: WebSocket } = await import('ws');
    const client = new Centrifuge(`${node.http.replace('http', 'ws')}/chat`, { websocket: WebSocket, token });
    t.after(() => client.disconnect());
    const connected = next(client, 'connected');
    client.connect();
    await connected;
  });

  test('after logging out the token serves no longer', async () => {
    const { token, refreshToken } = await register(node);
    await http(node, 'POST', '/logout', { token, body: { refresh_token: refreshToken } });
    const gone = new Person('gone', node, { token });
    assert.equal((await gone.isRefused()).code, 3500);
  });
});

describe('a node that allows anonymous connections', () => {
  test('lets them into open channels only', async (t) => {
    const node = await Node.start({ ...STORY_SETTINGS, 'realtime.allow_anonymous': true });
    t.after(() => node.close());
    const { token } = await register(node);
    const chat = await http(node, 'POST', '/chats', { token, body: { name: 'private' }, status: 201 });
    const nobody = new Person('nobody', node, { token: '' });
    t.after(() => nobody.leaves());
    await nobody.connects();

    const ear = await nobody.listens('open to all');
    await nobody.publish('open to all', 'hello');
    await ear.hearsUpTo(1);
    assert.equal(ear.entries[0].info.user, '');
    const refused = nobody.client.newSubscription(`room:${chat.chat_id}`);
    const end = next(refused, 'unsubscribed');
    refused.subscribe();
    assert.equal((await end).code, 102);
  });

  test('and does not take a bad token for none', async (t) => {
    const node = await Node.start({ 'realtime.allow_anonymous': true, 'auth.jwt.hmac_secret': JWT_SECRET });
    t.after(() => node.close());
    const mallory = new Person('mallory', node, { token: 'nonsense' });
    assert.equal((await mallory.isRefused()).code, 3500);
  });
});
