/**
 * A process of many phones, for stories about a crowd: so that the crowd's own work delays neither the speaker nor the clock
 * of the story. Talks with the story by messages: connect → all listen, catch up → caught up.
 */
import { Person } from './person.js';
import { WEBSOCKET_JSON, WEBSOCKET_PROTOBUF } from './transports.js';

const TOGETHER = 20;
const phones = [];

/** One phone: counts and checks the places instead of keeping what it hears. */
class Phone {
  last = 0;
  holes = [];
  reconnections = [];
  told = 0;
  onProgress = () => {};

  async listens(number, at, channel) {
    const transport = number % 2 === 0 ? WEBSOCKET_JSON : WEBSOCKET_PROTOBUF;
    const person = new Person(`phone ${number}`, at, { transport, timeout: 20_000 });
    await person.connects();
    person.client.on('connecting', ({ code, reason }) => this.reconnections.push({ code, reason }));
    person.client.on('disconnected', ({ code, reason }) => this.reconnections.push({ code, reason }));
    const subscription = person.client.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 300 });
    subscription.on('publication', ({ offset }) => {
      if (offset !== this.last + 1) this.holes.push({ from: this.last, to: offset });
      this.last = offset;
      this.onProgress();
    });
    subscription.on('subscribed', ({ wasRecovering, recovered, streamPosition }) => {
      if (!wasRecovering || recovered) return;
      this.told += 1;
      this.last = streamPosition.offset;
      this.onProgress();
    });
    const subscribed = new Promise((resolve) => subscription.once('subscribed', resolve));
    subscription.subscribe();
    await subscribed;
  }

  untilAt(offset) {
    return new Promise((resolve) => {
      this.onProgress = () => {
        if (this.last >= offset) resolve();
      };
      this.onProgress();
    });
  }
}

async function connect({ port, channel, count }) {
  const at = { http: `http://127.0.0.1:${port}` };
  for (let from = 0; from < count; from += TOGETHER) {
    const numbers = Array.from({ length: Math.min(TOGETHER, count - from) }, (_, index) => from + index);
    await Promise.all(
      numbers.map(async (number) => {
        const phone = new Phone();
        phones.push(phone);
        await phone.listens(number, at, channel);
      }),
    );
  }
  process.send({ what: 'all listen' });
}

async function catchUp({ offset }) {
  await Promise.all(phones.map((phone) => phone.untilAt(offset)));
  const reports = phones.map(({ last, holes, reconnections, told }) => ({ last, holes, reconnections, told }));
  process.send({ what: 'caught up', reports });
}

process.on('message', (message) => {
  if (message.what === 'connect') connect(message);
  if (message.what === 'catch up') catchUp(message);
});
process.on('disconnect', () => process.exit(0));
