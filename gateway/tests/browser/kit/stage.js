/** Where the stories of one file take place: a node of their own, a browser, and the people who come. */
import { randomUUID } from 'node:crypto';

import { http, PASSWORD, register } from '../../sdk/js/kit/accounts.js';
import { Node } from '../../sdk/js/kit/node.js';
import { deadline, PATIENCE_MS } from '../../sdk/js/kit/wait.js';
import { launch } from './browser.js';
import { Gate } from './gate.js';
import { Person } from './person.js';
import { room, wholeHistory } from './rooms.js';

export class Stage {
  constructor(node, browser) {
    this.node = node;
    this.browser = browser;
  }

  /** A node as `make run` starts it, with these settings; as a rule without a limit on sending, since stories send fast. */
  static async opens(settings = { 'limits.publish_per_second': 0 }, options = {}) {
    const [node, browser] = await Promise.all([Node.start(settings, { demo: true, ...options }), launch()]);
    return new Stage(node, browser);
  }

  async closes() {
    await this.browser.close();
    await this.node.close();
  }

  // People.

  /** An account that nobody has opened the page with yet. */
  account(name) {
    return register(this.node, `${name}-${randomUUID().slice(0, 6)}`);
  }

  /** Somebody in front of an empty window until the story ends: by the name of a new account, or with one. `at`: a Gate instead of the node. */
  async person(t, who, { at = this.node, ...options } = {}) {
    const account = typeof who === 'string' ? await this.account(who) : who;
    return this.#comes(t, await Person.with(this.browser, account, at, options));
  }

  /** Somebody whom the server does not know. */
  async stranger(t, { at = this.node, ...options } = {}) {
    return this.#comes(t, await Person.with(this.browser, null, at, options));
  }

  /** Several people who are signed in and have a room in common open: `{ people, chat }`. */
  async together(t, roomName, names, options = {}) {
    const people = await Promise.all(names.map((name) => this.person(t, name, options)));
    const chat = await this.room(roomName, people.map(({ account }) => account));
    await Promise.all(
      people.map(async (person) => {
        await person.signsIn();
        await person.opensChat(roomName);
        await person.isLive();
      }),
    );
    return { people, chat };
  }

  // What happens elsewhere: in other programs, on other devices.

  /** A group that these accounts are in; the first is its host. */
  room(name, accounts) {
    return room(this.node, name, accounts);
  }

  /** The host adds somebody to a room. */
  adds(host, chat, account) {
    const body = { participants: [account.userId] };
    return http(this.node, 'POST', `/chats/${chat.chat_id}/participants`, { token: host.token, body });
  }

  /** The same account with a login of its own, as on another device. */
  async signsInElsewhere(account) {
    const answer = await http(this.node, 'POST', '/login', { body: { username: account.username, password: PASSWORD } });
    return { ...account, token: answer.access_token, refreshToken: answer.refresh_token };
  }

  /** Ends all logins of an account but this one. */
  async endsOtherLogins(login) {
    const sessions = await http(this.node, 'GET', '/sessions', { token: login.token });
    for (const { session_id: id } of sessions.filter(({ current }) => !current)) {
      await http(this.node, 'DELETE', `/sessions/${id}`, { token: login.token });
    }
  }

  /** Resolves once the room's history, as this account sees it, satisfies `wanted`. */
  until(account, chat, what, wanted) {
    let late = false;
    const look = async () => {
      while (!late) {
        const history = await wholeHistory(this.node, account, chat);
        if (wanted(history)) return history;
      }
      return null;
    };
    return deadline(look(), PATIENCE_MS, what).finally(() => {
      late = true;
    });
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
