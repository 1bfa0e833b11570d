/** Where the stories of one file take place: a node of their own, a browser, and the people who come. */
import { randomUUID } from 'node:crypto';

import { register } from '../../sdk/js/kit/accounts.js';
import { Node } from '../../sdk/js/kit/node.js';
import { launch } from './browser.js';
import { Gate } from './gate.js';
import { Person } from './person.js';
import { room } from './rooms.js';

export class Stage {
  constructor(node, browser) {
    this.node = node;
    this.browser = browser;
  }

  /** A node with these settings; as a rule without a limit on sending, since stories send fast. */
  static async opens(settings = { 'limits.publish_per_second': 0 }, options = {}) {
    const [node, browser] = await Promise.all([Node.start(settings, options), launch()]);
    return new Stage(node, browser);
  }

  async closes() {
    await this.browser.close();
    await this.node.close();
  }

  /** An account that nobody has opened the page with yet. */
  account(name) {
    return register(this.node, `${name}-${randomUUID().slice(0, 6)}`);
  }

  /** Somebody with an account, in front of an empty window, until the story ends. `at`: a Gate instead of the node. */
  async person(t, name, { at = this.node, ...options } = {}) {
    return this.#comes(t, await Person.with(this.browser, await this.account(name), at, options));
  }

  /** Somebody whom the server does not know. */
  async stranger(t, { at = this.node, ...options } = {}) {
    return this.#comes(t, await Person.with(this.browser, null, at, options));
  }

  /** Several people who are signed in and have a room in common open: `{ people, chat }`. */
  async together(t, roomName, names, options = {}) {
    const people = await Promise.all(names.map((name) => this.person(t, name, options)));
    const chat = await room(this.node, roomName, people.map(({ account }) => account));
    for (const person of people) {
      await person.signsIn();
      await person.opensChat(roomName);
      await person.isLive();
    }
    return { people, chat };
  }

  /** A gate before the node that refuses these, until the story ends. */
  async gate(t, ...refused) {
    const gate = await Gate.before(this.node, ...refused);
    t.after(() => gate.close());
    return gate;
  }

  #comes(t, person) {
    t.after(() => person.leaves());
    return person;
  }
}
