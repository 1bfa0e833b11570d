/**
 * What a page complains about: errors on its console, violations of its policy, errors that nobody caught. No story may have
 * any that it did not announce. A browser writes requests that failed to the console by itself; a story in which they have
 * to fail says so.
 */
import assert from 'node:assert/strict';

export class Complaints {
  #found = [];
  #expected = [];

  /** Listens to every page of a browser context, from its first script on. */
  async hears(context) {
    context.on('console', (message) => {
      if (message.type() !== 'error') return;
      const { url } = message.location();
      this.#found.push(url ? `${message.text()} (${url})` : message.text());
    });
    context.on('weberror', (error) => this.#found.push(`not caught: ${error.error().stack ?? error.error()}`));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
  }

  /** Complaints that match are part of the story. */
  expects(...patterns) {
    this.#expected.push(...patterns);
  }

  /** Fails if there was one that no story told of. */
  areExpected(whose) {
    const surprises = this.#found.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(surprises, [], `${whose}: the page complained`);
  }
}

/** Lines that the browser itself writes when a request fails. */
export const FAILED_REQUEST = /^Failed to load resource: net::|^WebSocket connection to .* failed|net::ERR_/;
export const refusedWith = (status) => new RegExp(`^Failed to load resource: the server responded with a status of ${status}\\b`);
