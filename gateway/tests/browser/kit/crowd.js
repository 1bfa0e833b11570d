/** A crowd that talks: so many messages a second, on time, whatever the node takes for each. */
import { say } from './rooms.js';

const TICK_MS = 10;

export class Crowd {
  /** Ids of what was acknowledged, in the order of the answers. */
  acknowledged = [];
  #under_way = new Set();
  #begun = performance.now();
  #due = 0;
  #timer;
  #ended;

  /** Speaks `rate` times a second for so many seconds, the speakers by turns; `text(n)` is the n-th message from 1. */
  constructor(node, speakers, chat, { rate, seconds, text = (n) => `crowd ${n}` }) {
    const most = rate * seconds;
    this.#ended = new Promise((resolve) => {
      this.#timer = setInterval(() => {
        const due = Math.min(most, Math.floor(((performance.now() - this.#begun) / 1000) * rate));
        for (; this.#due < due; this.#due += 1) this.#speak(node, speakers[this.#due % speakers.length], chat, text(this.#due + 1));
        if (this.#due === most) resolve();
      }, TICK_MS);
    });
  }

  /** Resolves with the number of messages, once all are acknowledged. */
  async hasSpoken() {
    await this.#ended;
    clearInterval(this.#timer);
    await Promise.all(this.#under_way);
    return this.acknowledged.length;
  }

  #speak(node, speaker, chat, text) {
    const said = say(node, speaker, chat, text).then(({ message_id: id }) => {
      this.acknowledged.push(id);
      this.#under_way.delete(said);
    });
    this.#under_way.add(said);
  }
}
