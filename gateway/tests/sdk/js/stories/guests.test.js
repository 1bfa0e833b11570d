/** Guests: a link leads into one room, and the SDK finds nothing but that room with their token, whatever way it takes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { http, register } from '../kit/accounts.js';
import { API_KEY, Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { connectionToken, subscriptionToken } from '../kit/tokens.js';
import { TRANSPORTS, WEBSOCKET_JSON } from '../kit/transports.js';
import { next } from '../kit/wait.js';

describe('a guest', () => {
  let node;
  let owner;
  let chat;
  let other;
  let code;
  before(async () => {
    // Open channels are on: guests get nothing of them.
    node = await Node.start();
    owner = await register(node);
    const room = (name) => http(node, 'POST', '/chats', { token: owner.token, body: { name }, status: 201 });
    [{ chat_id: chat }, { chat_id: other }] = [await room('the party'), await room('the board')];
    await http(node, 'POST', `/chats/${other}/messages`, { token: owner.token, body: { content: 'secret' }, status: 201 });
    ({ code } = await http(node, 'POST', `/chats/${chat}/invitation`, { token: owner.token }));
  });
  after(() => node.close());

  const join = (name) => http(node, 'POST', '/join', { body: { code, name }, status: 201 });

  const guest = async (t, transport, options = {}) => {
    const joined = await join('Анна');
    const person = new Person('guest', node, { transport, token: joined.access_token, ...options });
    t.after(() => person.leaves());
    return Object.assign(person, { userId: joined.user_id, joined });
  };

  const is = (code) => (error) => error.code === code;

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      test('listens, speaks, and sees who is there in the room of the link', async (t) => {
        const anna = await guest(t, transport);
        const ownChannel = next(anna.client, 'subscribed', { wanted: ({ channel }) => channel === `user:${anna.userId}` });
        await Promise.all([anna.connects(), ownChannel]);
        const host = new Person('owner', node, { transport, token: owner.token });
        t.after(() => host.leaves());
        await host.connects();
        const ears = [await anna.listens(`room:${chat}`), await host.listens(`room:${chat}`)];
        const sent = await anna.calls('message.send', { chat_id: chat, content: 'привет' });
        await Promise.all(ears.map((ear) => ear.hearsUpTo(sent.offset)));
        await anna.publish(`room:${chat}`, { content: 'and hello' });

        for (const person of [anna, host]) {
          const { numClients, numUsers } = await person.client.presenceStats(`room:${chat}`);
          assert.deepEqual([numClients, numUsers], [2, 2]);
          const { clients } = await person.client.presence(`room:${chat}`);
          const users = Object.values(clients).map(({ user }) => user);
          assert.deepEqual(users.sort(), [anna.userId, owner.userId].sort());
        }
        const { publications } = await anna.client.history(`room:${chat}`, { limit: 1, reverse: true });
        assert.equal(transport.read(publications[0].data).data.content, 'and hello');
        const { items } = await anna.calls('user.list', { ids: `${owner.userId},${anna.userId}` });
        assert.deepEqual(items.map(({ user_id: id }) => id), [owner.userId, anna.userId]);
        assert.equal(items[1].info.name, 'Анна');
      });

      test('finds no other room and no channel', async (t) => {
        const anna = await guest(t, transport);
        await anna.connects();
        const { items } = await anna.calls('room.list');
        assert.deepEqual(items.map(({ chat_id: id }) => id), [chat]);
        for (const channel of [`room:${other}`, 'news', `user:${owner.userId}`]) {
          assert.equal(await anna.refusal(channel), 102, channel);
          const token = subscriptionToken(anna.userId, channel, 600);
          assert.equal(await anna.refusal(channel, { token }), 102, `${channel} with a token for it`);
          await assert.rejects(anna.publish(channel, { content: 'x' }), is(102));
          await assert.rejects(anna.client.history(channel, { limit: 1 }), is(102));
          await assert.rejects(anna.client.presence(channel), is(102));
          await assert.rejects(anna.client.presenceStats(channel), is(102));
        }
        await assert.rejects(anna.calls('room.get', { chat_id: other }), is(404));
        await assert.rejects(anna.calls('message.send', { chat_id: other, content: 'x' }), is(404));
        await assert.rejects(anna.calls('room.create', { name: 'mine', participants: [] }), is(103));
        await assert.rejects(anna.calls('user.search', { q: owner.username }), is(103));
        await assert.rejects(anna.calls('search', { user_id: anna.userId, q: 'secret' }), is(103));
      });
    });
  }

  test('stays a guest after a refresh, and is out when the owner says so', async (t) => {
    let joined;
    const anna = await guest(t, WEBSOCKET_JSON, {
      token: '',
      getToken: async () => {
        joined = joined
          ? await http(node, 'POST', '/refresh', { body: { refresh_token: joined.refresh_token } })
          : await join('Анна');
        return joined.access_token;
      },
    });
    await anna.connects();
    anna.leaves();
    anna.client.setToken('');
    await anna.connects();
    assert.equal(await anna.refusal(`room:${other}`), 102);
    const ear = await anna.listens(`room:${chat}`);
    const gone = next(ear.subscription, 'unsubscribed');
    await http(node, 'DELETE', `/chats/${chat}/participants/${joined.user_id}`, { token: owner.token });
    await gone;
    anna.client.removeSubscription(ear.subscription);
    assert.equal(await anna.refusal(`room:${chat}`), 102);
    assert.deepEqual((await anna.calls('room.list')).items, []);
  });

  test('is taken into no other room by a back end, and is nobody whom an identity provider could name', async (t) => {
    const anna = await guest(t, WEBSOCKET_JSON);
    const told = [];
    anna.client.on('subscribed', ({ channel }) => told.push(channel));
    await anna.connects();
    const followed = next(anna.client, 'subscribed', { wanted: ({ channel }) => channel === `room:${chat}` });
    for (const channel of [`room:${other}`, 'news', `room:${chat}`]) {
      const body = { user: anna.userId, channel };
      await http(node, 'POST', '/api/subscribe', { body, headers: { 'x-api-key': API_KEY } });
    }
    await followed;
    await anna.calls('room.list');
    assert.deepEqual(told.sort(), [`room:${chat}`, `user:${anna.userId}`]);

    const impostor = new Person('impostor', node, { token: connectionToken(anna.userId, 600) });
    t.after(() => impostor.leaves());
    assert.equal((await impostor.isRefused()).code, 3500);
  });
});
