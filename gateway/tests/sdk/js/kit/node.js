/**
 * A running node: the real program on a free port with a data folder of its own, over its life's ends and beginnings.
 *
 * Settings go in by the environment, as an operator would give them. The node must print where it listens before anything
 * else; a node that ends without having been told to fails the test that closes it.
 */
import { spawn, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { deadline } from './wait.js';

const START_MS = 30_000;
const STOP_MS = 40_000;
const LOG_LINES_KEPT = 400;

/** What most stories want: open channels, no limit on publishing, keys for tokens of our own and the server API. */
export const API_KEY = 'key-of-the-server-api';
export const JWT_SECRET = 'a secret shared with the identity provider';
export const STORY_SETTINGS = {
  'realtime.open_channels': true,
  'limits.publish_per_second': 0,
  'auth.jwt.hmac_secret': JWT_SECRET,
  'api.key': API_KEY,
};

export class Node {
  #process = null;
  #exit = null;
  #log = [];
  #data;
  #settings;
  #words;
  #surroundings;

  /** The port, the same over restarts. */
  port = 0;

  constructor(data, settings, { demo = false, surroundings = {} } = {}) {
    this.#data = data;
    this.#settings = settings;
    this.#words = demo ? ['--demo'] : [];
    this.#surroundings = surroundings;
  }

  /**
   * Starts a node with an empty data folder; `demo`: with a demo user and a demo room; `surroundings`: variables of its
   * environment that are no settings.
   */
  static async start(settings = STORY_SETTINGS, options = {}) {
    const node = new Node(await mkdtemp(path.join(tmpdir(), 'plenum-')), settings, options);
    await node.begin();
    return node;
  }

  get data() {
    return this.#data;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The last lines that the node logged. */
  get log() {
    return this.#log.join('\n');
  }

  /** Starts the program on the port and data folder of before. */
  async begin() {
    const address = `127.0.0.1:${this.port}`;
    const child = spawn(program(), ['serve', '--listen', address, '--data', this.#data, ...this.#words], {
      env: { ...environment(this.#settings), ...this.#surroundings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line));
    const output = createInterface({ input: child.stdout });
    const first = new Promise((resolve) => output.once('line', resolve));
    const line = await deadline(Promise.race([first, this.#exit]), START_MS, 'the node says where it listens');
    const listening = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(line);
    if (!listening) {
      throw new Error(`the first line is not the address: ${JSON.stringify(line)}\n${this.log}`);
    }
    this.port = Number(listening[1]);
  }

  /** The process dies at once, as in a power cut for the program (the machine's disk cache lives). */
  async kill9() {
    this.#process.kill('SIGKILL');
    const { signal } = await deadline(this.#exit, STOP_MS, 'the killed node is gone');
    if (signal !== 'SIGKILL') {
      throw new Error(`the node had ended by itself before it was killed\n${this.log}`);
    }
    this.#process = null;
  }

  /** Ends it politely (SIGTERM) and expects exit code 0. */
  async stop() {
    this.#process.kill('SIGTERM');
    const { code, signal } = await deadline(this.#exit, STOP_MS, 'the node drains and ends');
    this.#process = null;
    if (code !== 0) {
      throw new Error(`the node ended with ${code ?? signal} instead of 0\n${this.log}`);
    }
  }

  /** Ends the node, if it runs, and removes its data. */
  async close() {
    try {
      if (this.#process) {
        if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
          throw new Error(`the node ended by itself\n${this.log}`);
        }
        await this.kill9();
      }
    } finally {
      await rm(this.#data, { recursive: true, force: true });
    }
  }

  /** Runs a command of the program on this node's data folder: `node.command('token', 'alice')`. Returns its output. */
  async command(...words) {
    const { stdout } = await promisify(execFile)(program(), words, {
      env: environment({ ...this.#settings, data: this.#data }),
      timeout: START_MS,
    });
    return stdout.trim();
  }

  #keep(line) {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES_KEPT) this.#log.shift();
    if (process.env.STORY_LOG) console.error(line);
  }
}

function program() {
  if (!process.env.PLENUM_BIN) throw new Error('PLENUM_BIN names no program: run these stories by run.sh');
  return process.env.PLENUM_BIN;
}

/** Our environment without settings of a node, and the given ones: `realtime.open_channels` is `PLENUM_REALTIME__OPEN_CHANNELS`. */
function environment(settings) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PLENUM_'));
  const given = Object.entries(settings).map(([key, value]) => [
    `PLENUM_${key.replace('.', '__').replace('.', '__').toUpperCase()}`,
    String(value),
  ]);
  return Object.fromEntries([...inherited, ...given]);
}
