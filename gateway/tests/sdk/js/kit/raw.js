/** A bare WebSocket that speaks the protocol's JSON by hand: for what no SDK would send, and for what SDKs hide. */
import WebSocket from 'ws';

import { Watched, deadline, PATIENCE_MS } from './wait.js';

export class Raw {
  #socket;
  #watched = new Watched();
  #id = 0;
  /** Every text that arrived, one reply or push each. */
  lines = [];
  /** How the connection ended: { code, reason }. */
  closed = null;

  static async connect(node, token) {
    const raw = new Raw();
    raw.#socket = new WebSocket(`${node.http.replace('http', 'ws')}/connection/websocket`);
    raw.#socket.on('message', (frame) => {
      for (const line of String(frame).split('\n').filter((text) => text.trim() !== '')) {
        if (line === '{}') raw.#socket.send('{}');
        else raw.lines.push(line);
      }
      raw.#watched.changed();
    });
    raw.#socket.on('error', () => {});
    raw.#socket.on('close', (code, reason) => {
      raw.closed = { code, reason: String(reason) };
      raw.#watched.changed();
    });
    const opened = new Promise((resolve, reject) => {
      raw.#socket.once('open', resolve);
      raw.#socket.once('error', reject);
    });
    await deadline(opened, PATIENCE_MS, 'the socket opens');
    await raw.command(`"connect":{"token":${JSON.stringify(token)}}`);
    return raw;
  }

  /** Sends `{"id":…,BODY}` with this very text; resolves with the reply, parsed, and its text. */
  async command(body) {
    this.#id += 1;
    const id = this.#id;
    this.#socket.send(`{"id":${id},${body}}`);
    let text;
    const answered = () => {
      text = this.lines.find((line) => JSON.parse(line).id === id);
      return text !== undefined || this.closed !== null;
    };
    await this.#watched.until(answered, `a reply to ${body.slice(0, 200)}`);
    return text === undefined ? { closed: this.closed } : { ...JSON.parse(text), text };
  }

  /** Resolves with the text of the publication with this offset. */
  async publication(offset) {
    let text;
    const arrived = () => {
      text = this.lines.find((line) => JSON.parse(line).push?.pub?.offset === offset);
      return text !== undefined;
    };
    await this.#watched.until(arrived, `the publication ${offset}`);
    return text;
  }

  close() {
    this.#socket.terminate();
  }
}
