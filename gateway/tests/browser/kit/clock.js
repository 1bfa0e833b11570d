/**
 * A node's own time, for stories about other days: libfaketime stands before its system clock, while timers go on as they
 * are. What a room says over a week is said by the real program within a second.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LIBRARY = `/usr/$LIB/faketime/libfaketime.so.1`;

export class Clock {
  #folder;

  /** A clock that shows this moment (a Date) and goes on from there. */
  static async at(moment) {
    const clock = new Clock();
    clock.#folder = await mkdtemp(path.join(tmpdir(), 'plenum-clock-'));
    await clock.shows(moment);
    return clock;
  }

  get #file() {
    return path.join(this.#folder, 'offset');
  }

  /** Variables for the node whose clock this is. */
  get surroundings() {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** From now on the node thinks that it is this moment. */
  async shows(moment) {
    const seconds = (moment.getTime() - Date.now()) / 1000;
    // In one step: the node may look at any moment.
    await writeFile(`${this.#file}.next`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(3)}`);
    await rename(`${this.#file}.next`, this.#file);
  }

  async close() {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
