/** What was acknowledged stays, whatever happens to the process; what was lost on purpose is told. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';

import { http, register } from '../kit/accounts.js';
import { chance } from '../kit/chance.js';
import { Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { Stubborn } from '../kit/stubborn.js';
import { TRANSPORTS, WEBSOCKET_JSON, WEBSOCKET_PROTOBUF } from '../kit/transports.js';

const ROUNDS = Number(process.env.STORY_ROUNDS ?? 20);
const MESSAGES_MOST = 12;
const JITTER_MS = 8;

/** Sends by plain HTTP; what a retry can not help is final. */
function overHttp(node, account, chat) {
  return async (message) => {
    const answer = await fetch(`${node.http}/chats/${chat}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    if (answer.status === 201) return JSON.parse(text);
    throw Object.assign(new Error(`${answer.status} ${text}`), { final: ![429, 500, 503].includes(answer.status) });
  };
}

/** Sends by rpc over the SDK's socket. */
function overSocket(person, chat) {
  return async (message) => {
    await person.client.ready(5_000);
    return person.calls('message.send', { chat_id: chat, ...message });
  };
}

describe('kill -9', () => {
  test(`${ROUNDS} times, while people send by HTTP and by sockets and repeat what was not acknowledged`, async (t) => {
    const random = chance(t);
    const node = await Node.start();
    t.after(() => node.close());
    const accounts = await Promise.all(['ann', 'ben', 'cid', 'dan', 'eve'].map(() => register(node)));
    const [owner, ...others] = accounts;
    const chat = await http(node, 'POST', '/chats', {
      token: owner.token,
      body: { name: 'through thick and thin', participants: others.map(({ userId }) => userId) },
      status: 201,
    });
    const channel = `room:${chat.chat_id}`;
    const at = async (account, transport) => {
      const person = new Person(account.username, node, { transport, token: account.token });
      t.after(() => person.leaves());
      await person.connects();
      return person;
    };
    const [ben, dan, eve] = await Promise.all([
      at(accounts[1], WEBSOCKET_JSON),
      at(accounts[3], WEBSOCKET_PROTOBUF),
      at(accounts[4], WEBSOCKET_JSON),
    ]);
    const ears = await Promise.all([ben, dan, eve].map((person) => person.listens(channel)));
    const { epoch, offset: begin } = ears[0].subscribed[0].streamPosition;
    const senders = [
      new Stubborn('ann', overHttp(node, accounts[0], chat.chat_id)),
      new Stubborn('ben', overSocket(ben, chat.chat_id)),
      new Stubborn('cid', overHttp(node, accounts[2], chat.chat_id)),
      new Stubborn('dan', overSocket(dan, chat.chat_id)),
    ];

    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.race(senders.map((sender) => sender.says(1 + random.below(MESSAGES_MOST))));
      // Not to wait for anything: so that the blow falls at any moment of a message's way.
      await new Promise((resolve) => setTimeout(resolve, random.below(JITTER_MS)));
      await node.kill9();
      await node.begin();
      await Promise.all(ears.map((ear) => ear.isSubscribed(round + 1)));
      await everythingIsThere(eve, channel, epoch, senders);
    }
    await Promise.all(senders.map((sender) => sender.says(5)));
    await Promise.all(senders.map((sender) => sender.ends()));

    const log = await everythingIsThere(eve, channel, epoch, senders);
    for (const ear of ears) {
      await ear.hearsUpTo(log.offset);
      ear.heardExactly(log, begin + 1);
      ear.alwaysRecovered();
    }
    const total = senders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    const repeated = senders.reduce((sum, sender) => sum + sender.repeated, 0);
    t.diagnostic(`${total} messages acknowledged, ${repeated} sends repeated, ${ROUNDS} kills`);
    assert.equal(log.entries.filter(({ offset }) => offset > begin).length, total, 'nothing that nobody sent');
  });

  /** Every acknowledged message: exactly once, at the place it was acknowledged with, in each sender's order. */
  async function everythingIsThere(reader, channel, epoch, senders) {
    const acknowledged = senders.map((sender) => [...sender.acknowledged]);
    const log = await reader.wholeLog(channel);
    assert.equal(log.epoch, epoch, 'a killed node comes back with the same log');
    log.entries.forEach(({ offset }, index) => assert.equal(offset, index + 1, 'no hole'));
    const places = new Map();
    for (const { offset, value } of log.entries) {
      const id = value.data?.client_msg_id;
      if (!id) continue;
      assert.ok(!places.has(id), `${value.data.content} is there once`);
      places.set(id, { offset, content: value.data.content, messageId: value.data.message_id });
    }
    for (const messages of acknowledged) {
      let last = 0;
      for (const { clientMsgId, content, offset, messageId, epoch: acknowledgedEpoch } of messages) {
        assert.equal(acknowledgedEpoch, epoch);
        assert.deepEqual(places.get(clientMsgId), { offset, content, messageId }, `${content} is where it was acknowledged`);
        assert.ok(offset > last, `${content} comes after what was sent before it`);
        last = offset;
      }
    }
    return log;
  }
});

describe('a restored backup', () => {
  test('is another log: who had heard more than it has is told so, on every transport', async (t) => {
    const node = await Node.start();
    t.after(() => node.close());
    const account = await register(node);
    const alice = new Person('alice', node, { token: account.token });
    await alice.connects();
    const chat = await alice.calls('room.create', { name: 'kept' });
    const channel = `room:${chat.chat_id}`;
    const say = (content) => alice.calls('message.send', { chat_id: chat.chat_id, content });
    const phones = TRANSPORTS.map((transport) => new Person('phone', node, { transport, token: account.token }));
    t.after(() => [alice, ...phones].forEach((person) => person.leaves()));
    const ears = await Promise.all(
      phones.map(async (phone) => {
        await phone.connects();
        return phone.listens(channel);
      }),
    );

    const { offset: saved, epoch } = await say('in the backup');
    const copy = path.join(node.data, 'copy.db');
    await node.command('backup', copy);
    const { offset: ahead } = await say('after the backup');
    await Promise.all(ears.map((ear) => ear.hearsUpTo(ahead)));
    await node.kill9();
    await node.command('restore', copy);
    await node.begin();
    await Promise.all(ears.map((ear) => ear.isSubscribed(2)));

    for (const ear of ears) {
      const { wasRecovering, recovered, streamPosition } = ear.subscribed[1];
      assert.deepEqual({ wasRecovering, recovered }, { wasRecovering: true, recovered: false }, `${ear}`);
      assert.equal(streamPosition.offset, saved);
      assert.notEqual(streamPosition.epoch, epoch);
    }
    await alice.client.ready(20_000);
    const next = await say('after the restore');
    assert.equal(next.offset, ahead, 'the place is filled anew');
    for (const ear of ears) {
      await ear.until(() => ear.values.at(-1).data.content === 'after the restore', 'hears what is new');
      const log = await ear.person.wholeLog(channel);
      assert.ok(!JSON.stringify(log).includes('after the backup'));
    }
  });
});

describe('SIGTERM', () => {
  test('ends the node with 0; clients come back when it is back, and miss nothing', async (t) => {
    const node = await Node.start();
    t.after(() => node.close());
    const speaker = new Person('speaker', node);
    await speaker.connects();
    const ears = await Promise.all(
      TRANSPORTS.map(async (transport) => {
        const phone = new Person('phone', node, { transport });
        t.after(() => phone.leaves());
        await phone.connects();
        return phone.listens('a planned restart');
      }),
    );
    t.after(() => speaker.leaves());
    await speaker.publish('a planned restart', { n: 1 });
    await Promise.all(ears.map((ear) => ear.hearsUpTo(1)));
    await node.stop();
    await node.begin();
    await speaker.client.ready(20_000);
    await speaker.publish('a planned restart', { n: 2 });
    for (const ear of ears) {
      await ear.hearsUpTo(2);
      ear.heardExactly(await speaker.wholeLog('a planned restart'));
      ear.alwaysRecovered();
    }
  });
});
