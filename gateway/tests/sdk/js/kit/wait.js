/** Waiting for what happens, never for time to pass: every wait has a condition and a limit. */

export const PATIENCE_MS = 20_000;

/** The promise's value, or an error that says what did not happen. */
export function deadline(promise, milliseconds, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms: ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The next event of an emitter that satisfies `wanted`. */
export function next(emitter, event, { wanted = () => true, within = PATIENCE_MS } = {}) {
  let listener;
  const happened = new Promise((resolve) => {
    listener = (context) => {
      if (wanted(context)) resolve(context);
    };
    emitter.on(event, listener);
  });
  return deadline(happened, within, `the event ${event}`).finally(() => emitter.removeListener(event, listener));
}

/** A condition that is looked at again whenever somebody says that something changed. */
export class Watched {
  #waiting = new Set();

  /** Something changed: all who wait look again. */
  changed() {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves as soon as `condition` holds. `what` may be a function, so that it tells how far it came. */
  until(condition, what, within = PATIENCE_MS) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (end) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        end();
      };
      const look = () => {
        if (condition()) finish(resolve);
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`not within ${within} ms: ${typeof what === 'function' ? what() : what}`))),
        within,
      );
      this.#waiting.add(look);
    });
  }
}
