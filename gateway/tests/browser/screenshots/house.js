/** A node on the day of the pictures, with the people and rooms of the content, as their programs would have made them. */
import { http, register } from '../../sdk/js/kit/accounts.js';
import { Clock } from '../kit/clock.js';
import { room, say } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';
import { NOW } from './content.js';

export class House {
  #clock;

  static async opens() {
    const house = new House();
    house.#clock = Clock.at(new Date(NOW.getTime() - 12 * 3_600_000));
    house.stage = await Stage.opens({ 'limits.publish_per_second': 0 }, { surroundings: house.#clock.surroundings });
    return house;
  }

  async closes() {
    await this.stage.closes();
  }

  /** Everything that is said in one language; resolves with the account that looks at it. The clock goes on to the moment of the pictures. */
  async fills(content) {
    await this.#clock.turnsTo(this.#at('05:00'), this.stage.node);
    const accounts = await this.#people(content.people);
    const { node } = this.stage;
    const self = accounts[content.self];
    const all = [self, ...Object.values(accounts).filter((account) => account !== self)];
    const main = await room(node, content.title, all);
    const side = [];
    for (const chat of content.chats) side.push({ ...chat, chat: await room(node, chat.title, all) });
    const pair = await http(node, 'POST', '/chats', { token: self.token, body: { participants: [accounts[content.direct.by].userId] }, status: 201 });
    side.push({ ...content.direct, chat: pair });

    const talk = content.talk.map((line, number) => ({ ...line, number, chat: main }));
    const spoken = [];
    for (const line of [...talk, ...side].sort((one, other) => one.at.localeCompare(other.at))) {
      await this.#clock.turnsTo(this.#at(line.at), this.stage.node);
      const speaker = await this.#fresh(accounts[line.by]);
      const reply = line.to === undefined ? {} : { reply_to: spoken[line.to].message_id };
      const message = await say(node, speaker, line.chat, line.text ?? line.last, reply);
      if (line.number !== undefined) spoken[line.number] = message;
      for (let more = 1; more < (line.unread ?? 0); more += 1) await say(node, speaker, line.chat, line.last);
      if (line.unread === undefined) await this.#reads(self, message);
    }
    await this.#clock.turnsTo(NOW, this.stage.node);
    for (const account of all.slice(1)) await this.#reads(account, spoken.at(-1));
    return self;
  }

  /** The others have a look too. */
  async #reads(account, message) {
    const { token } = await this.#fresh(account);
    await http(this.stage.node, 'PUT', `/messages/${message.message_id}/read`, { token });
  }

  /** Tokens end within the day that passes here. */
  #fresh(account) {
    return this.stage.signsInElsewhere(account);
  }

  async #people(names) {
    const accounts = {};
    for (const [username, name] of Object.entries(names)) {
      accounts[username] = await register(this.stage.node, username);
      await http(this.stage.node, 'PUT', `/user/${username}`, { token: accounts[username].token, body: { info: { name }, status: '' } });
    }
    return accounts;
  }

  #at(time) {
    const [hours, minutes] = time.split(':').map(Number);
    return new Date(Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth(), NOW.getUTCDate(), hours, minutes));
  }
}
