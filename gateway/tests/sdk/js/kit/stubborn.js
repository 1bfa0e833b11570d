/**
 * Somebody who repeats each message, with the same client_msg_id, until it is acknowledged: over HTTP or over the socket,
 * as their `send` does it. Keeps every acknowledgement.
 */
import { randomUUID } from 'node:crypto';

import { Watched } from './wait.js';

const PAUSE_MS = 10;

export class Stubborn {
  /** { clientMsgId, content, offset, epoch, messageId } of all acknowledged messages, in the order they were sent. */
  acknowledged = [];
  /** Sends that had to be repeated. */
  repeated = 0;
  #running = true;
  #talk;
  #watched = new Watched();

  /** `send(message)` resolves with the Message or fails; a failure with `final: true` is nothing a retry can help. */
  constructor(name, send) {
    this.name = name;
    this.#talk = this.#talks(send);
  }

  says(more) {
    const goal = this.acknowledged.length + more;
    const what = () => `${this.name} has ${this.acknowledged.length} of ${goal} acknowledged`;
    return Promise.race([this.#watched.until(() => this.acknowledged.length >= goal, what, 60_000), this.#talk]);
  }

  async ends() {
    this.#running = false;
    await this.#talk;
  }

  async #talks(send) {
    for (let n = 0; this.#running; n += 1) {
      const message = { content: `${this.name} ${n}`, client_msg_id: randomUUID() };
      const { message_id: messageId, offset, epoch } = await this.#insists(send, message);
      this.acknowledged.push({ clientMsgId: message.client_msg_id, content: message.content, messageId, offset, epoch });
      this.#watched.changed();
    }
  }

  async #insists(send, message) {
    for (;;) {
      try {
        return await send(message);
      } catch (error) {
        if (error.final) throw error;
        this.repeated += 1;
        // As a client does: not as fast as it can while the node is away.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
}
