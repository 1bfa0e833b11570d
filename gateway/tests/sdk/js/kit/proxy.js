/**
 * The bad line between a phone and the node: a TCP proxy that can break connections in the middle of a frame, swallow
 * everything without a word, and let only so many bytes a second through.
 */
import net from 'node:net';

import { Watched } from './wait.js';

const CHUNK_EVERY_MS = 50;
// A line that buffers much by itself would hide what the node does about its own buffers.
const BUFFERED_BYTES = 4_096;

export class Line {
  #server;
  #target;
  #pairs = new Set();
  #rate = null;
  #watched = new Watched();

  /** The port that clients connect to. */
  port = 0;
  /** Connections taken since the line was laid. */
  accepted = 0;

  /** Lays a line to a port of this machine. `bytesPerSecond` limits what comes down each connection. */
  static async to(port, { bytesPerSecond = null } = {}) {
    const line = new Line();
    line.#target = port;
    line.#rate = bytesPerSecond;
    line.#server = net.createServer({ allowHalfOpen: false }, (phone) => line.#carry(phone));
    await new Promise((resolve) => line.#server.listen(0, '127.0.0.1', resolve));
    line.port = line.#server.address().port;
    return line;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open() {
    return this.#pairs.size;
  }

  /** All connections break at once. */
  cut() {
    for (const pair of [...this.#pairs]) pair.end();
  }

  /** All connections break after so many more bytes came down: as a rule in the middle of a frame. */
  cutAfter(bytes) {
    for (const pair of this.#pairs) pair.remaining = bytes;
  }

  /** The connections that are open now stay open and carry nothing any more, in either direction. New ones work. */
  swallow() {
    for (const pair of this.#pairs) pair.swallows = true;
  }

  /** From now on everything goes through as fast as it can. */
  widen() {
    for (const pair of this.#pairs) pair.widen();
    this.#rate = null;
  }

  /** Resolves once `count` connections were taken in all. */
  untilAccepted(count, within) {
    return this.#watched.until(() => this.accepted >= count, () => `${count} connections, ${this.accepted} so far`, within);
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(phone) {
    const node = net.connect({ port: this.#target, host: '127.0.0.1', highWaterMark: BUFFERED_BYTES });
    const pair = new Pair(phone, node, this.#rate, () => {
      this.#pairs.delete(pair);
      this.#watched.changed();
    });
    this.#pairs.add(pair);
    this.accepted += 1;
    this.#watched.changed();
  }
}

/** One connection: the phone's side and the node's side. */
class Pair {
  remaining = Infinity;
  swallows = false;
  #phone;
  #node;
  #ended = false;
  #pacer = null;
  #onEnd;

  constructor(phone, node, rate, onEnd) {
    this.#phone = phone;
    this.#node = node;
    this.#onEnd = onEnd;
    for (const socket of [phone, node]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.end());
      socket.on('close', () => this.#closed());
    }
    phone.on('data', (bytes) => {
      if (!this.swallows && !node.write(bytes)) this.#pauseUntilDrained(phone, node);
    });
    if (rate === null) node.on('data', (bytes) => this.#down(bytes));
    else this.#pace(rate);
  }

  /** Breaks both sides. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#pacer);
    this.#phone.destroy();
    this.#node.destroy();
    this.#onEnd();
  }

  /** Ends the pacing of what comes down. */
  widen() {
    if (this.#pacer === null) return;
    clearInterval(this.#pacer);
    this.#pacer = null;
    this.#node.removeAllListeners('readable');
    this.#node.on('data', (bytes) => this.#down(bytes));
    this.#node.resume();
  }

  /** A side went away by itself: so does the other, unless the line is one that tells nobody anything. */
  #closed() {
    if (!this.swallows) this.end();
    else if (this.#phone.destroyed) this.end();
  }

  #down(bytes) {
    if (this.swallows || this.#ended) return;
    if (bytes.length >= this.remaining) {
      this.#phone.write(bytes.subarray(0, this.remaining), () => this.end());
      this.remaining = 0;
      this.swallows = true;
      return;
    }
    this.remaining -= bytes.length;
    if (!this.#phone.write(bytes)) this.#pauseUntilDrained(this.#node, this.#phone);
  }

  /** Reads no more from the node than the rate allows, so that the node sees a full socket as it would over the air. */
  #pace(rate) {
    this.#node.on('readable', () => {});
    let last = performance.now();
    this.#pacer = setInterval(() => {
      // By the clock, not by ticks: a tick that comes late lets more through.
      const now = performance.now();
      const most = Math.ceil((rate * (now - last)) / 1000);
      last = now;
      const bytes = this.#node.read(Math.min(most, this.#node.readableLength));
      if (bytes) this.#down(bytes);
    }, CHUNK_EVERY_MS);
  }

  #pauseUntilDrained(from, to) {
    from.pause();
    to.once('drain', () => from.resume());
  }
}
