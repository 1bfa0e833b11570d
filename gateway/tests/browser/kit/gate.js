/**
 * What stands between a page and its node: an HTTP proxy under an origin of its own, as offices and hotels have them. It can
 * refuse to carry WebSockets or single paths, lose what comes down, and break all connections at once.
 */
import http from 'node:http';
import net from 'node:net';

export const WEBSOCKETS = 'websockets';

export class Gate {
  #server;
  #target;
  #refused = new Set();
  #hasNode = true;
  #sockets = new Set();
  #webSockets = new Map();

  /** The port that the page is opened at. */
  port = 0;
  /** What was carried: paths without their query, WebSockets as `websockets`. */
  carried = [];

  /** Opens a gate before a node, which refuses these: WEBSOCKETS, or beginnings of paths. */
  static async before(node, ...refused) {
    const gate = new Gate();
    gate.#target = node.port;
    gate.refuses(...refused);
    gate.#server = http.createServer((request, answer) => gate.#carry(request, answer));
    gate.#server.on('upgrade', (request, socket, head) => gate.#upgrade(request, socket, head));
    gate.#server.on('connection', (socket) => {
      gate.#sockets.add(socket);
      socket.once('close', () => gate.#sockets.delete(socket));
    });
    await new Promise((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    gate.port = gate.#server.address().port;
    return gate;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  refuses(...refused) {
    for (const what of refused) this.#refused.add(what);
  }

  /** From now on a balancer behind which no node is ready: it answers by itself. */
  hasNoNode() {
    this.#hasNode = false;
  }

  /** Carries everything again. */
  opens() {
    this.#refused.clear();
    this.#hasNode = true;
  }

  /** From the WebSockets that are open now nothing comes down to the page any more; what goes up still does. */
  losesAnswers() {
    for (const [socket, onward] of this.#webSockets) {
      onward.unpipe(socket);
      onward.resume();
    }
  }

  /** All connections break at once. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(request, answer) {
    const { pathname } = new URL(request.url, this.http);
    if (!this.#hasNode) {
      answer.writeHead(503, { 'content-type': 'text/html', 'retry-after': '3' }).end('<h1>503 Service Unavailable</h1>');
      return;
    }
    if ([...this.#refused].some((path) => path !== WEBSOCKETS && pathname.startsWith(path))) {
      answer.writeHead(502, { 'content-type': 'text/plain' }).end('the proxy does not carry this');
      return;
    }
    this.carried.push(pathname);
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: this.#target, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      // The head of a stream comes before there is anything in it.
      answer.flushHeaders();
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  #upgrade(request, socket, head) {
    socket.on('error', () => socket.destroy());
    if (this.#refused.has(WEBSOCKETS) || !this.#hasNode) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    this.carried.push(WEBSOCKETS);
    const onward = net.connect(this.#target, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    this.#webSockets.set(socket, onward);
    socket.on('close', () => {
      this.#webSockets.delete(socket);
      onward.destroy();
    });
    onward.on('close', () => socket.destroy());
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket);
    socket.pipe(onward);
  }
}
