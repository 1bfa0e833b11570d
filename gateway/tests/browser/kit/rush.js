/** The minute before an event begins: everybody signs in at once, and a node can check only so many passwords. */
import { PASSWORD } from '../../sdk/js/kit/accounts.js';
import { Watched } from '../../sdk/js/kit/wait.js';

/** More than a node lets wait (`PASSWORD_HASHES_WAITING_MAX` of the engine). */
const AT_ONCE = 80;
/** Who was refused tries again, as people do, not as fast as a machine can. */
const PAUSE_MS = 20;
const TOO_MANY = 429;

export class Rush {
  #over = new AbortController();
  #refused = 0;
  #watched = new Watched();
  #node;

  constructor(node) {
    this.#node = node;
    for (let lane = 0; lane < AT_ONCE; lane += 1) this.#insists(lane).catch(() => {});
  }

  /** Resolves once somebody was refused for want of time. */
  isTooMuch() {
    return this.#watched.until(() => this.#refused > 0, 'somebody is refused');
  }

  /** Everybody gives up; resolves when the node has time again. */
  async ends() {
    this.#over.abort();
    while ((await this.#tries('the last one')) === TOO_MANY);
  }

  async #insists(lane) {
    for (let attempt = 0; ; attempt += 1) {
      const status = await this.#tries(`crowd-${lane}-${attempt}`, this.#over.signal);
      if (status !== TOO_MANY) continue;
      this.#refused += 1;
      this.#watched.changed();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #tries(username, signal) {
    const body = JSON.stringify({ username, password: PASSWORD });
    const answer = await fetch(`${this.#node.http}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
    await answer.arrayBuffer();
    return answer.status;
  }
}
