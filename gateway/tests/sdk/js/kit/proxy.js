/**
 * The bad line between a phone and the node: a TCP proxy that can break connections in the middle of a frame and swallow
 * everything without a word. (Slow lines are kit/slow_lines.py.)
 */
import net from 'node:net';

import { Watched } from './wait.js';

export class Line {
  #server;
  #target;
  #pairs = new Set();
  #watched = new Watched();

  /** The port that clients connect to. */
  port = 0;
  /** Connections taken since the line was laid. */
  accepted = 0;

  /** Lays a line to a port of this machine. */
  static async to(port) {
    const line = new Line();
    line.#target = port;
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

  /** Resolves once `count` connections were taken in all. */
  untilAccepted(count, within) {
    return this.#watched.until(() => this.accepted >= count, () => `${count} connections, ${this.accepted} so far`, within);
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(phone) {
    const node = net.connect(this.#target, '127.0.0.1');
    const pair = new Pair(phone, node, () => {
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
  #onEnd;

  constructor(phone, node, onEnd) {
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
    node.on('data', (bytes) => this.#down(bytes));
  }

  /** Breaks both sides. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#phone.destroy();
    this.#node.destroy();
    this.#onEnd();
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

  #pauseUntilDrained(from, to) {
    from.pause();
    to.once('drain', () => from.resume());
  }
}
