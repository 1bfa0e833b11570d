/** The messenger's rooms over the socket: people, their messages, and what everybody else learns of them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { API_KEY, Node } from '../kit/node.js';
import { http, register } from '../kit/accounts.js';
import { Person } from '../kit/person.js';
import { TRANSPORTS } from '../kit/transports.js';
import { next } from '../kit/wait.js';

describe('a room', () => {
  let node;
  before(async () => {
    node = await Node.start();
  });
  after(() => node.close());

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      let alice;
      let bob;
      let mallory;
      before(async () => {
        [alice, bob, mallory] = await Promise.all(
          ['alice', 'bob', 'mallory'].map(async (name) => {
            const account = await register(node);
            const person = new Person(name, node, { transport, token: account.token });
            Object.assign(person, account);
            await person.connects();
            return person;
          }),
        );
      });
      after(() => [alice, bob, mallory].forEach((person) => person.leaves()));
      const together = async () => {
        const chat = await alice.calls('room.create', { name: 'lunch', participants: [bob.userId] });
        return { ...chat, channel: `room:${chat.chat_id}` };
      };

      test('a message sent by rpc is answered with its place and heard by everybody with the same words', async () => {
        const { chat_id: chat, channel } = await together();
        const ears = [await alice.listens(channel), await bob.listens(channel)];
        const sent = await alice.calls('message.send', { chat_id: chat, content: 'обед в 12?' });
        assert.equal(sent.content, 'обед в 12?');
        assert.equal(sent.sender, alice.userId);
        assert.equal(sent.chat_id, chat);
        assert.equal(sent.status, 'sent');
        assert.equal(sent.epoch, ears[0].subscribed[0].streamPosition.epoch);
        for (const ear of ears) {
          await ear.hearsUpTo(sent.offset);
          const { offset, value } = ear.entries.at(-1);
          assert.equal(offset, sent.offset);
          assert.equal(value.event, 'message.created');
          assert.equal(value.data.message_id, sent.message_id);
          assert.equal(value.data.content, 'обед в 12?');
        }
      });

      test('a retry with the same client_msg_id is the first message again, whatever way it takes', async () => {
        const { chat_id: chat, channel } = await together();
        const ear = await bob.listens(channel);
        const message = { content: 'only once', client_msg_id: randomUUID() };
        const answers = await Promise.all([
          alice.calls('message.send', { chat_id: chat, ...message }),
          alice.calls('message.send', { chat_id: chat, ...message }),
          http(node, 'POST', `/chats/${chat}/messages`, { token: alice.token, body: message, status: 201 }),
        ]);
        assert.equal(new Set(answers.map(({ message_id: id }) => id)).size, 1);
        const after = await alice.calls('message.send', { chat_id: chat, content: 'the next' });
        assert.equal(after.offset, answers[0].offset + 1);
        await ear.hearsUpTo(after.offset);
        assert.equal(ear.values.filter(({ data }) => data.content === 'only once').length, 1);
      });

      test('publishing to the room’s channel is sending a message', async () => {
        const { channel } = await together();
        const ear = await bob.listens(channel);
        await alice.publish(channel, { content: 'by publish' });
        await ear.until(() => ear.values.some(({ data }) => data.content === 'by publish'), 'hears the message');
        const { data } = ear.values.find(({ data: { content } }) => content === 'by publish');
        assert.equal(data.sender, alice.userId);
      });

      test('an edit and a deletion are entries of the log; the deleted words are in nothing that is sent after it', async () => {
        const { chat_id: chat, channel } = await together();
        const ear = await bob.listens(channel);
        const sent = await alice.calls('message.send', { chat_id: chat, content: 'frist' });
        await alice.calls('message.edit', { message_id: sent.message_id, content: 'first' });
        await alice.calls('message.delete', { message_id: sent.message_id });
        await ear.hearsUpTo(sent.offset + 2);
        assert.deepEqual(
          ear.entries.slice(-3).map(({ offset, value: { event } }) => [offset - sent.offset, event]),
          [[0, 'message.created'], [1, 'message.updated'], [2, 'message.deleted']],
        );
        const log = await bob.wholeLog(channel);
        const text = JSON.stringify(log);
        assert.ok(!text.includes('frist') && !text.includes('"first"'), text);
        assert.deepEqual(log.entries.slice(-3).map(({ offset }) => offset - sent.offset), [0, 1, 2], 'no hole is left');
      });

      test('history over HTTP is newest first, pages by links, and holds messages only', async () => {
        const { chat_id: chat } = await together();
        for (let n = 0; n < 5; n += 1) await alice.calls('message.send', { chat_id: chat, content: `message ${n}` });
        const answer = await fetch(`${node.http}/chats/${chat}/messages?limit=3`, {
          headers: { authorization: `Bearer ${bob.token}` },
        });
        assert.deepEqual((await answer.json()).map(({ content }) => content), ['message 4', 'message 3', 'message 2']);
        const link = /<([^>]+)>; *rel="next"/.exec(answer.headers.get('link'));
        assert.ok(link, 'there is a next page');
        const path = new URL(link[1], node.http);
        const rest = await http(node, 'GET', path.pathname + path.search, { token: bob.token });
        assert.deepEqual(rest.map(({ content }) => content), ['message 1', 'message 0']);
      });

      test('who is not in it sees no room at all', async () => {
        const { chat_id: chat, channel } = await together();
        const subscription = mallory.client.newSubscription(channel);
        const end = next(subscription, 'unsubscribed');
        subscription.subscribe();
        assert.equal((await end).code, 102);
        await assert.rejects(mallory.client.history(channel, { limit: 1 }), { code: 102 });
        await assert.rejects(mallory.publish(channel, { content: 'hello?' }), { code: 102 });
        await assert.rejects(mallory.calls('message.send', { chat_id: chat, content: 'hello?' }), { code: 404 });
        await http(node, 'GET', `/chats/${chat}`, { token: mallory.token, status: 404 });
      });

      test('who is removed hears nothing after that and can send nothing', async () => {
        const { chat_id: chat, channel } = await together();
        const ear = await bob.listens(channel);
        const end = next(ear.subscription, 'unsubscribed');
        await http(node, 'DELETE', `/chats/${chat}/participants`, { token: alice.token, body: { participants: [bob.userId] } });
        await alice.calls('message.send', { chat_id: chat, content: 'without bob' });
        await end;
        assert.ok(!JSON.stringify(ear.values).includes('without bob'));
        await assert.rejects(bob.calls('message.send', { chat_id: chat, content: 'still here?' }), { code: 404 });
      });

      test('a new chat shows on the own channel of who was added, without asking', async () => {
        const told = next(bob.client, 'publication', {
          wanted: ({ channel, data }) => channel === `user:${bob.userId}` && JSON.stringify(transport.read(data)).includes('surprise'),
        });
        await alice.calls('room.create', { name: 'surprise', participants: [bob.userId] });
        const { data } = await told;
        assert.match(transport.read(data).event, /^chat\./);
      });

      test('what another back end publishes is posted by the system', async () => {
        const { channel } = await together();
        const ear = await bob.listens(channel);
        await http(node, 'POST', '/api/publish', {
          headers: { 'x-api-key': API_KEY },
          body: { channel, data: { content: 'your booking is confirmed' } },
        });
        await ear.until(() => ear.values.some(({ data }) => data.content === 'your booking is confirmed'), 'hears the notice');
        const { data } = ear.values.at(-1);
        assert.notEqual(data.sender, alice.userId);
      });
    });
  }

  test('pipelined sends of one connection keep their order', async (t) => {
    const account = await register(node);
    const alice = new Person('alice', node, { token: account.token });
    t.after(() => alice.leaves());
    await alice.connects();
    const chat = await alice.calls('room.create', { name: 'fast' });
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, n) => alice.calls('message.send', { chat_id: chat.chat_id, content: `${n}` })),
    );
    sent.forEach(({ offset }, n) => assert.equal(offset, sent[0].offset + n));
  });
});
