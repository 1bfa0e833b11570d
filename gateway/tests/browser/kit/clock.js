/**
 * A node's own time, for stories about other days: libfaketime stands before its system clock, while timers go on as they
 * are. What a room says over a week is said by the real program within some seconds. The time changes between two lives of
 * the node only: a clock that moves under a running program is read differently by its threads.
 */

const LIBRARY = `/usr/$LIB/faketime/libfaketime.so.1`;

export class Clock {
  /** Variables for the node whose clock this is, for as long as it lives. */
  surroundings = { LD_PRELOAD: LIBRARY, FAKETIME: '+0', FAKETIME_DONT_FAKE_MONOTONIC: '1' };

  /** A clock that shows this moment (a Date) and goes on from there. */
  static at(moment) {
    const clock = new Clock();
    clock.shows(moment);
    return clock;
  }

  /** From its next start on the node thinks that it is this moment. */
  shows(moment) {
    const seconds = (moment.getTime() - Date.now()) / 1000;
    this.surroundings.FAKETIME = `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(0)}`;
  }

  /** The node ends and begins again at this moment. */
  async turnsTo(moment, node) {
    this.shows(moment);
    await node.stop();
    await node.begin();
  }
}
