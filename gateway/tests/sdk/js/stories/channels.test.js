/** Open channels, verb by verb, over every transport. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { API_KEY, JWT_SECRET, Node } from '../kit/node.js';
import { http } from '../kit/accounts.js';
import { Person } from '../kit/person.js';
import { TRANSPORTS } from '../kit/transports.js';
import { next } from '../kit/wait.js';

const offsets = (page) => page.publications.map(({ offset }) => offset);

describe('an open channel', () => {
  let node;
  before(async () => {
    node = await Node.start();
  });
  after(() => node.close());

  for (const transport of TRANSPORTS) {
    describe(transport.name, () => {
      let alice;
      let bob;
      let channel;
      let count = 0;
      before(async () => {
        [alice, bob] = ['alice', 'bob'].map((name) => new Person(name, node, { transport }));
        await Promise.all([alice.connects(), bob.connects()]);
      });
      after(() => [alice, bob].forEach((person) => person.leaves()));
      const fresh = () => {
        count += 1;
        channel = `verbs ${count} over ${transport.name}`;
        return channel;
      };
      const fill = async (entries) => {
        for (let n = 1; n <= entries; n += 1) await alice.publish(channel, { n });
      };

      test('is positioned and recoverable without being asked, and begins at 0', async () => {
        const ear = await alice.listens(fresh());
        const [context] = ear.subscribed;
        assert.equal(context.positioned, true);
        assert.equal(context.recoverable, true);
        assert.equal(context.streamPosition.offset, 0);
        assert.notEqual(context.streamPosition.epoch, '');
      });

      test('what one publishes everybody hears, the publisher too, with the publisher’s name', async () => {
        const ears = [await alice.listens(fresh()), await bob.listens(channel)];
        await bob.publish(channel, { text: 'привет, \u{1F44B}' });
        for (const ear of ears) {
          await ear.hearsUpTo(1);
          assert.deepEqual(ear.values, [{ text: 'привет, \u{1F44B}' }]);
          assert.equal(ear.entries[0].info.user, 'bob');
        }
      });

      test('publications sent without waiting all arrive, on a WebSocket in the order they were sent', async () => {
        const ear = await bob.listens(fresh());
        const sent = Array.from({ length: 200 }, (_, n) => n);
        await Promise.all(sent.map((n) => alice.publish(channel, { n })));
        await ear.hearsUpTo(200);
        assert.deepEqual(ear.entries.map(({ offset }) => offset), sent.map((n) => n + 1));
        const heard = ear.values.map(({ n }) => n);
        assert.deepEqual(transport.ordered ? heard : heard.sort((a, b) => a - b), sent);
      });

      test('history pages forwards and backwards from any place', async () => {
        const ear = await alice.listens(fresh());
        await fill(10);
        await ear.hearsUpTo(10);
        const { epoch } = ear.subscribed[0].streamPosition;

        const top = await ear.subscription.history({ limit: 0 });
        assert.deepEqual([top.offset, top.epoch, top.publications.length], [10, epoch, 0]);
        const read = async (options) => offsets(await ear.subscription.history(options));
        assert.deepEqual(await read({ limit: 3 }), [1, 2, 3]);
        assert.deepEqual(await read({ limit: 3, reverse: true }), [10, 9, 8]);
        assert.deepEqual(await read({ limit: 3, since: { offset: 4, epoch } }), [5, 6, 7]);
        assert.deepEqual(await read({ limit: 3, since: { offset: 4, epoch }, reverse: true }), [3, 2, 1]);
        assert.deepEqual(await read({ limit: 100, since: { offset: 8, epoch } }), [9, 10]);
        assert.deepEqual(await read({ limit: 100, since: { offset: 10, epoch } }), []);
        const page = await ear.subscription.history({ limit: 10 });
        assert.deepEqual(page.publications.map(({ data }) => transport.read(data).n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      });

      test('history of another epoch is refused with 112', async () => {
        const ear = await alice.listens(fresh());
        await fill(1);
        await assert.rejects(ear.subscription.history({ limit: 1, since: { offset: 0, epoch: 'another' } }), { code: 112 });
      });

      test('a subscription from a known place brings what came after it', async () => {
        const first = await alice.listens(fresh());
        await fill(5);
        const { epoch } = first.subscribed[0].streamPosition;
        const ear = await bob.listens(channel, { since: { offset: 2, epoch } });
        await ear.hearsUpTo(5);
        assert.deepEqual(ear.values.map(({ n }) => n), [3, 4, 5]);
        assert.equal(ear.subscribed[0].recovered, true);
      });

      test('a place ahead of the end, or of another epoch, is not recovered', async () => {
        const first = await alice.listens(fresh());
        await fill(5);
        const { epoch } = first.subscribed[0].streamPosition;
        for (const since of [{ offset: 6, epoch }, { offset: 2, epoch: 'another' }]) {
          const carol = new Person('carol', node, { transport });
          await carol.connects();
          const ear = await carol.listens(channel, { since });
          assert.equal(ear.subscribed[0].wasRecovering, true);
          assert.equal(ear.subscribed[0].recovered, false);
          assert.equal(ear.subscribed[0].streamPosition.offset, 5);
          assert.deepEqual(ear.entries, []);
          carol.leaves();
        }
      });

      test('presence lists who is there, and counts', async () => {
        const ears = [await alice.listens(fresh()), await bob.listens(channel)];
        const { clients } = await ears[0].subscription.presence();
        assert.deepEqual(Object.values(clients).map(({ user }) => user).sort(), ['alice', 'bob']);
        for (const [id, { client }] of Object.entries(clients)) assert.equal(client, id);
        const stats = await ears[1].subscription.presenceStats();
        assert.deepEqual([stats.numClients, stats.numUsers], [2, 2]);
        ears[1].subscription.unsubscribe();
      });

      test('joining and leaving is told to who asked for it', async () => {
        const ear = await alice.listens(fresh(), { joinLeave: true });
        const joined = next(ear.subscription, 'join', { wanted: ({ info }) => info.user === 'bob' });
        const left = next(ear.subscription, 'leave', { wanted: ({ info }) => info.user === 'bob' });
        const other = await bob.listens(channel);
        await joined;
        other.subscription.unsubscribe();
        await left;
      });

      test('after unsubscribing nothing comes any more; subscribing again goes on from there', async () => {
        const ear = await bob.listens(fresh());
        await fill(2);
        await ear.hearsUpTo(2);
        const gone = next(ear.subscription, 'unsubscribed');
        ear.subscription.unsubscribe();
        assert.equal((await gone).code, 0);
        await fill(3);
        const witness = await alice.listens(channel);
        assert.equal(witness.subscribed[0].streamPosition.offset, 5);
        assert.equal(ear.entries.length, 2);

        ear.subscription.subscribe();
        await ear.hearsUpTo(5);
        assert.deepEqual(ear.entries.map(({ offset }) => offset), [1, 2, 3, 4, 5]);
      });

      test('an unknown function is refused with 104', async () => {
        await assert.rejects(alice.calls('no.such.function'), { code: 104 });
      });

      test('what another back end publishes arrives', async () => {
        const ear = await alice.listens(fresh());
        const { result } = await http(node, 'POST', '/api/publish', {
          headers: { 'x-api-key': API_KEY },
          body: { channel, data: { from: 'the back end' } },
        });
        assert.equal(result.offset, 1);
        await ear.hearsUpTo(1);
        assert.deepEqual(ear.values, [{ from: 'the back end' }]);
      });
    });
  }

  test('a channel of a room that is not there is unknown, and so is somebody else’s own channel', async (t) => {
    const mallory = new Person('mallory', node);
    t.after(() => mallory.leaves());
    await mallory.connects();
    for (const channel of ['room:nowhere', 'user:somebody-else']) {
      const subscription = mallory.client.newSubscription(channel);
      const end = next(subscription, 'unsubscribed');
      subscription.subscribe();
      assert.equal((await end).code, 102, channel);
      await assert.rejects(mallory.client.history(channel, { limit: 1 }), { code: 102 });
    }
  });
});

describe('a node with its limits as they are by default', () => {
  test('refuses a flood with 111 and open channels with 102', async (t) => {
    const node = await Node.start({ 'realtime.open_channels': true, 'auth.jwt.hmac_secret': JWT_SECRET });
    t.after(() => node.close());
    const flooder = new Person('flooder', node);
    t.after(() => flooder.leaves());
    await flooder.connects();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => flooder.publish('flood', { n })));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    assert.ok(refused.length > 0, 'some are refused');
    for (const { reason } of refused) assert.equal(reason.code, 111);
    const log = await flooder.wholeLog('flood');
    assert.equal(log.entries.length, outcomes.length - refused.length, 'what was acknowledged is there, what was refused is not');

    const strict = await Node.start({ 'auth.jwt.hmac_secret': JWT_SECRET });
    t.after(() => strict.close());
    const visitor = new Person('visitor', strict);
    t.after(() => visitor.leaves());
    await visitor.connects();
    const subscription = visitor.client.newSubscription('open?');
    const end = next(subscription, 'unsubscribed');
    subscription.subscribe();
    assert.ok([102, 103].includes((await end).code));
  });

  test('refuses a message above the limit with 107', async (t) => {
    const node = await Node.start();
    t.after(() => node.close());
    for (const transport of TRANSPORTS) {
      const speaker = new Person('speaker', node, { transport });
      t.after(() => speaker.leaves());
      await speaker.connects();
      await assert.rejects(speaker.publish('large', 'x'.repeat(65_536)), { code: 107 });
      await speaker.publish('large', 'x'.repeat(60_000));
    }
  });
});
