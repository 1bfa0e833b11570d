/**
 * Somebody who never stops talking: publishes numbered values into a channel, some under way at any time, over a
 * connection of its own; a value whose fate is unknown (the node was killed) is not repeated.
 */
import assert from 'node:assert/strict';

import { Watched } from './wait.js';

const UNDER_WAY = 16;

export class Stream {
  /** Values that the node acknowledged. */
  acknowledged = new Set();
  #person;
  #channel;
  #make;
  #running = true;
  #next = 0;
  #lanes = [];
  #watched = new Watched();

  /** `make(n)` gives the value number n; it has a field `n`. */
  constructor(person, channel, make = (n) => ({ n, text: `line ${n} · строка ${n}` })) {
    this.#person = person;
    this.#channel = channel;
    this.#make = make;
    for (let lane = 0; lane < UNDER_WAY; lane += 1) this.#lanes.push(this.#talk());
  }

  /** Resolves once so many values more were acknowledged than are now. */
  says(more) {
    const goal = this.acknowledged.size + more;
    return this.#watched.until(() => this.acknowledged.size >= goal, () => `${this.acknowledged.size} of ${goal} acknowledged`);
  }

  /** Stops talking; resolves once nothing is under way. */
  async ends() {
    this.#running = false;
    await Promise.all(this.#lanes);
  }

  async #talk() {
    while (this.#running) {
      const n = this.#next++;
      try {
        await this.#person.client.ready(5_000);
        await this.#person.publish(this.#channel, this.#make(n));
        this.acknowledged.add(n);
        this.#watched.changed();
      } catch {
        // The node is down or the line is broken: what became of this value is not known.
      }
    }
  }

  /** Each acknowledged value stands in the log exactly once. */
  isWhollyIn(log) {
    const seen = new Map();
    for (const { value } of log.entries) seen.set(value.n, (seen.get(value.n) ?? 0) + 1);
    for (const n of this.acknowledged) assert.equal(seen.get(n), 1, `value ${n} was acknowledged and is in the log once`);
    for (const [n, times] of seen) assert.equal(times, 1, `value ${n} is in the log once`);
  }
}
