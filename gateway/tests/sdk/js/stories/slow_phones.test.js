/**
 * A room that talks faster than a phone's line carries: two hundred phones behind 50 KB/s each, 1,000 messages a second.
 *
 * Nobody may be taken for dead because a ping waits behind minutes of chat, and nobody may lose something without being
 * told. STORY_PHONES and STORY_SECONDS change the size.
 */
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { deadline } from '../kit/wait.js';

const PHONES = Number(process.env.STORY_PHONES ?? 200);
// Longer than the node's ping interval and what an SDK waits beyond it: a ping that did not come would be seen.
const SECONDS = Number(process.env.STORY_SECONDS ?? 40);
const PER_SECOND = 1_000;
const BYTES_PER_SECOND = 50_000;
const TICK_MS = 20;
const CATCH_UP_MS = 60_000;
const channel = 'a busy room';

test(`${PHONES} phones at ${BYTES_PER_SECOND} bytes/s hear ${PER_SECOND} messages/s for ${SECONDS} s`, async (t) => {
  const node = await Node.start();
  const lines = await slowLines(node.port);
  const phones = fork(fileURLToPath(new URL('../kit/phones.js', import.meta.url)), {
    execArgv: [],
    env: { ...process.env, NODE_TEST_CONTEXT: '' },
  });
  const speaker = new Person('speaker', node);
  t.after(async () => {
    speaker.leaves();
    phones.kill();
    lines.end();
    await node.close();
  });
  const told = (what, within) =>
    deadline(
      new Promise((resolve, reject) => {
        phones.on('message', (message) => message.what === what && resolve(message));
        phones.once('exit', (code) => reject(new Error(`the phones ended with ${code}`)));
      }),
      within,
      `the phones say: ${what}`,
    );

  phones.send({ what: 'connect', port: lines.port, channel, count: PHONES });
  await told('all listen', 60_000);
  await speaker.connects();

  const sent = await talk(speaker);
  const published = await Promise.all(sent);
  const { offset } = await speaker.client.history(channel, { limit: 0 });
  assert.equal(offset, published.length, 'the node kept up with the speaker');

  lines.widen();
  phones.send({ what: 'catch up', offset });
  const { reports } = await told('caught up', CATCH_UP_MS);
  assert.equal(reports.length, PHONES);
  const all = (field) => reports.flatMap((report, phone) => report[field].map((what) => ({ phone, ...what })));
  assert.deepEqual(all('reconnections'), [], 'nobody was taken for dead');
  assert.deepEqual(all('holes'), [], 'nobody lost something without being told');
  assert.deepEqual(reports.filter(({ last }) => last !== offset), [], 'everybody is live at the end');
  const lagged = reports.filter(({ told: times }) => times > 0).length;
  t.diagnostic(`${offset} messages; ${lagged} of ${PHONES} phones were told that they lag`);
});

/** Publishes at an even pace; what falls behind is made up for. Resolves with all promises of acknowledgements. */
function talk(speaker) {
  const sent = [];
  const began = performance.now();
  return new Promise((resolve) => {
    const pacer = setInterval(() => {
      const seconds = (performance.now() - began) / 1_000;
      const due = Math.min(Math.floor(seconds * PER_SECOND), SECONDS * PER_SECOND);
      while (sent.length < due) {
        sent.push(speaker.publish(channel, { n: sent.length, text: 'x'.repeat(400) }));
      }
      if (due === SECONDS * PER_SECOND) {
        clearInterval(pacer);
        resolve(sent);
      }
    }, TICK_MS);
  });
}

/** Slow lines to a port, in a process of their own. */
async function slowLines(port) {
  const script = fileURLToPath(new URL('../kit/slow_lines.py', import.meta.url));
  const network = spawn('python3', [script, String(port), String(BYTES_PER_SECOND)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await deadline(once(network.stdout, 'data'), 20_000, 'the slow lines are laid');
  return { port: Number(line), widen: () => network.stdin.write('wide\n'), end: () => network.stdin.end() };
}
