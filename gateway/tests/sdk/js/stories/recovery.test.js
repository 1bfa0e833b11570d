/** A phone's line breaks in every way a line can break: nothing is lost, nothing comes twice, all is in order. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { JWT_SECRET, Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { Line } from '../kit/proxy.js';
import { Stream } from '../kit/stream.js';
import { TRANSPORTS } from '../kit/transports.js';
import { next } from '../kit/wait.js';

// The node pings every 25 s; the SDK waits for so much longer before it gives a silent line up.
const SILENCE_NOTICED_MS = 40_000;

describe('a broken line', { concurrency: false }, () => {
  let node;
  before(async () => {
    node = await Node.start();
  });
  after(() => node.close());

  for (const transport of TRANSPORTS) {
    test(`cut again and again in the middle of a stream: ${transport.name}`, async (t) => {
      const channel = `cuts over ${transport.name}`;
      const line = await Line.to(node.port);
      t.after(() => line.close());
      const phone = new Person('phone', line, { transport });
      const speaker = new Person('speaker', node);
      t.after(() => [phone, speaker].forEach((person) => person.leaves()));
      await Promise.all([phone.connects(), speaker.connects()]);
      const ear = await phone.listens(channel);
      const stream = new Stream(speaker, channel);

      await stream.says(100);
      for (let round = 1; round <= 4; round += 1) {
        // Odd numbers of bytes: the break falls inside a frame, a number, a letter of two bytes.
        if (round % 2 === 0) line.cut();
        else line.cutAfter(1_001 + 2_003 * round);
        await Promise.all([ear.isSubscribed(round + 1), stream.says(100)]);
      }
      await stream.ends();

      const log = await speaker.wholeLog(channel);
      await ear.hearsUpTo(log.offset);
      ear.heardExactly(log);
      ear.alwaysRecovered();
      stream.isWhollyIn(log);
    });
  }

  test('silently dropped, while a healthy line next to it lives through pings', async (t) => {
    const stories = await Promise.all(
      TRANSPORTS.map(async (transport) => {
        const channel = `silence over ${transport.name}`;
        const line = await Line.to(node.port);
        const phone = new Person('phone', line, { transport, maxServerPingDelay: 1_000 });
        const healthy = new Person('healthy phone', node, { transport, maxServerPingDelay: 1_000 });
        const speaker = new Person('speaker', node);
        t.after(async () => {
          [phone, healthy, speaker].forEach((person) => person.leaves());
          await line.close();
        });
        await Promise.all([phone.connects(), healthy.connects(), speaker.connects()]);
        return { channel, line, speaker, healthy, phone, ears: [await phone.listens(channel), await healthy.listens(channel)] };
      }),
    );

    await Promise.all(
      stories.map(async ({ channel, line, speaker, phone, healthy, ears: [ear, healthyEar] }) => {
        const say = async (n) => speaker.publish(channel, { n });
        await say(0);
        await ear.hearsUpTo(1);
        healthy.client.on('connecting', () => assert.fail('the healthy line was given up'));
        line.swallow();
        const noticed = next(phone.client, 'connecting', { within: SILENCE_NOTICED_MS });
        for (let n = 1; n < 50; n += 1) await say(n);
        assert.equal((await noticed).code, 2, 'no ping came');
        await ear.isSubscribed(2);

        const log = await speaker.wholeLog(channel);
        assert.equal(log.offset, 50);
        for (const one of [ear, healthyEar]) {
          await one.hearsUpTo(log.offset);
          one.heardExactly(log);
        }
        ear.alwaysRecovered();
        assert.equal(healthyEar.subscribed.length, 1);
      }),
    );
  });

  test('a phone that was away for longer than recovery reaches is told so and reads the rest', async (t) => {
    const small = await Node.start({ 'realtime.open_channels': true, 'limits.publish_per_second': 0,
      'auth.jwt.hmac_secret': JWT_SECRET, 'realtime.recovery_max_entries': 10 });
    t.after(() => small.close());
    const line = await Line.to(small.port);
    t.after(() => line.close());
    for (const transport of TRANSPORTS) {
      const channel = `too long away over ${transport.name}`;
      const phone = new Person('phone', line, { transport });
      const speaker = new Person('speaker', small);
      t.after(() => [phone, speaker].forEach((person) => person.leaves()));
      await Promise.all([phone.connects(), speaker.connects()]);
      const ear = await phone.listens(channel);
      await speaker.publish(channel, { n: 0 });
      await ear.hearsUpTo(1);
      phone.leaves();
      for (let n = 1; n <= 11; n += 1) await speaker.publish(channel, { n });
      await phone.connects();
      await ear.isSubscribed(2);

      const { wasRecovering, recovered, streamPosition } = ear.subscribed.at(-1);
      assert.deepEqual({ wasRecovering, recovered, offset: streamPosition.offset }, { wasRecovering: true, recovered: false, offset: 12 });
      assert.deepEqual(ear.entries.map(({ offset }) => offset), [1], 'never a part of what was missed');
      const log = await phone.wholeLog(channel);
      assert.deepEqual(log.entries.map(({ value }) => value.n), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      await speaker.publish(channel, { n: 12 });
      await ear.hearsUpTo(13);
    }
  });
});

describe('a node that is killed and comes back', () => {
  test('every transport goes on where it was, with the same epoch', async (t) => {
    const node = await Node.start();
    t.after(() => node.close());
    const speaker = new Person('speaker', node);
    await speaker.connects();
    const listeners = await Promise.all(
      TRANSPORTS.map(async (transport) => {
        const channel = `kills over ${transport.name}`;
        const phone = new Person('phone', node, { transport });
        await phone.connects();
        return { channel, phone, ear: await phone.listens(channel), stream: new Stream(speaker, channel) };
      }),
    );
    t.after(() => [speaker, ...listeners.map(({ phone }) => phone)].forEach((person) => person.leaves()));
    const talking = () => Promise.all(listeners.map(({ stream }) => stream.says(40)));

    await talking();
    for (let round = 1; round <= 3; round += 1) {
      await node.kill9();
      await node.begin();
      await talking();
      await Promise.all(listeners.map(({ ear }) => ear.isSubscribed(round + 1)));
    }

    for (const { channel, ear, stream } of listeners) {
      await stream.ends();
      const log = await speaker.wholeLog(channel);
      await ear.hearsUpTo(log.offset);
      ear.heardExactly(log);
      ear.alwaysRecovered();
      stream.isWhollyIn(log);
      const epochs = new Set(ear.subscribed.map(({ streamPosition }) => streamPosition.epoch));
      assert.deepEqual([...epochs], [log.epoch], 'one epoch over all restarts');
    }
  });
});
