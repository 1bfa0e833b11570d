/** Somebody with an SDK: connects, subscribes, and remembers all that was told. */
import assert from 'node:assert/strict';

import { sameJson } from './same.js';
import { connectionToken } from './tokens.js';
import { PATIENCE_MS, Watched, next } from './wait.js';
import { WEBSOCKET_JSON } from './transports.js';

const RESUBSCRIBE = { minResubscribeDelay: 20, maxResubscribeDelay: 300 };

export class Person {
  /** The transport's `client`: the SDK itself. */
  client;

  /** `at` is a Node or a Line; without a token in `options` the identity provider gives one to `name`. */
  constructor(name, at, { transport = WEBSOCKET_JSON, ...options } = {}) {
    this.name = name;
    this.transport = transport;
    const own = 'token' in options || 'getToken' in options ? {} : { token: connectionToken(name) };
    this.client = transport.make(at.http, { ...own, ...options });
    this.errors = [];
    this.client.on('error', (context) => this.errors.push(context));
  }

  /** Connects; resolves with the context of the `connected` event. */
  async connects() {
    const connected = next(this.client, 'connected');
    this.client.connect();
    try {
      return await connected;
    } catch (error) {
      throw new Error(`${this.name} (${this.transport.name}) does not connect: ${JSON.stringify(this.errors)}`, { cause: error });
    }
  }

  /** Connects and expects to be sent away for good; resolves with the context of the `disconnected` event. */
  async isRefused() {
    const gone = next(this.client, 'disconnected');
    this.client.connect();
    return gone;
  }

  /** Subscribes; resolves with the listening end once the subscription stands. */
  async listens(channel, options = {}) {
    const ear = new Ear(this, channel, options);
    ear.subscription.subscribe();
    await ear.isSubscribed();
    return ear;
  }

  publish(channel, value) {
    return this.client.publish(channel, this.transport.write(value));
  }

  /** Calls a function of the messenger; resolves with its result. */
  async calls(method, params = {}) {
    const { data } = await this.client.rpc(method, this.transport.write(params));
    return this.transport.read(data);
  }

  /** The whole log of a channel from its beginning, page by page. */
  async wholeLog(channel) {
    const head = await this.client.history(channel, { limit: 0 });
    const log = [];
    for (let since = { offset: 0, epoch: head.epoch }; ; ) {
      const page = await this.client.history(channel, { since, limit: 500 });
      assert.equal(page.epoch, head.epoch, 'the log keeps its identity');
      if (page.publications.length === 0) return { entries: log, epoch: head.epoch, offset: page.offset };
      for (const { offset, data } of page.publications) log.push({ offset, value: this.transport.read(data) });
      since = { offset: log.at(-1).offset, epoch: head.epoch };
    }
  }

  leaves() {
    this.client.disconnect();
  }

  /** The code with which the server refuses a subscription of this person. */
  async refusal(channel, options = {}) {
    const subscription = this.client.newSubscription(channel, options);
    const end = next(subscription, 'unsubscribed');
    subscription.subscribe();
    const { code } = await end;
    this.client.removeSubscription(subscription);
    return code;
  }
}

/** A subscription and all that it brought. */
export class Ear {
  entries = [];
  /** Contexts of `subscribed` events, oldest first. */
  subscribed = [];
  subscribing = [];
  unsubscribed = [];
  errors = [];
  #watched = new Watched();

  constructor(person, channel, options) {
    this.person = person;
    this.channel = channel;
    this.subscription = person.client.newSubscription(channel, { ...RESUBSCRIBE, ...options });
    const note = (event, list, take) =>
      this.subscription.on(event, (context) => {
        list.push(take(context));
        this.#watched.changed();
      });
    note('publication', this.entries, ({ offset, data, info }) => ({ offset, value: person.transport.read(data), info }));
    for (const event of ['subscribed', 'subscribing', 'unsubscribed']) note(event, this[event], (context) => context);
    note('error', this.errors, ({ error }) => error);
  }

  get values() {
    return this.entries.map(({ value }) => value);
  }

  until(condition, what, within = PATIENCE_MS) {
    return this.#watched.until(condition, () => `${this}: ${what}`, within);
  }

  /** Resolves once at least `count` subscriptions stood (1: the first). */
  isSubscribed(count = 1, within = PATIENCE_MS) {
    return this.until(() => this.subscribed.length >= count, `is subscribed ${count} times`, within);
  }

  /** Resolves once it has heard up to this place of the log. */
  hearsUpTo(offset, within = PATIENCE_MS) {
    return this.until(() => (this.entries.at(-1)?.offset ?? 0) >= offset, `hears up to ${offset}`, within);
  }

  /** Nothing lost, nothing twice, in order, nothing changed: what it heard since `from` is what the log has. */
  heardExactly(log, from = 1) {
    const wanted = log.entries.filter(({ offset }) => offset >= from);
    assert.deepEqual(
      this.entries.map(({ offset }) => offset),
      wanted.map(({ offset }) => offset),
      `${this}: every place of the log once and in order`,
    );
    sameJson(this.values, wanted.map(({ value }) => value), `${this}: what the log has`);
  }

  /** Every subscription after the first went on where the one before had ended. */
  alwaysRecovered() {
    for (const context of this.subscribed.slice(1)) {
      assert.equal(context.wasRecovering, true, `${this} asks for recovery`);
      assert.equal(context.recovered, true, `${this} is told that nothing is missing`);
    }
  }

  toString() {
    const last = this.entries.at(-1)?.offset ?? 0;
    return `${this.person.name} (${this.person.transport.name}) in ${this.channel} at ${last}, errors ${JSON.stringify(this.errors)}`;
  }
}
