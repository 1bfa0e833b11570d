/** The minute before an event begins: everybody signs in at once, and a node can check only so many passwords. */
import { PASSWORD } from '../../sdk/js/kit/accounts.js';
import { Watched } from '../../sdk/js/kit/wait.js';

/** Twice as many as a node lets wait (`PASSWORD_HASHES_WAITING_MAX` of the engine). */
const AT_ONCE = 150;

export class Rush {
  #over = false;
  #refused = 0;
  #watched = new Watched();
  #lanes;

  constructor(node) {
    this.#lanes = Array.from({ length: AT_ONCE }, (_, lane) => this.#insists(node, lane));
  }

  /** Resolves once somebody was refused for want of time. */
  isTooMuch() {
    return this.#watched.until(() => this.#refused > 0, 'somebody is refused');
  }

  /** Everybody gives up; resolves when nobody waits for an answer any more. */
  async ends() {
    this.#over = true;
    await Promise.all(this.#lanes);
  }

  async #insists(node, lane) {
    for (let attempt = 0; !this.#over; attempt += 1) {
      const body = JSON.stringify({ username: `crowd-${lane}-${attempt}`, password: PASSWORD });
      const answer = await fetch(`${node.http}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await answer.arrayBuffer();
      if (answer.status !== 429) continue;
      this.#refused += 1;
      this.#watched.changed();
    }
  }
}
