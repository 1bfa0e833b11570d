/** The JavaScript of the README, as it stands there, against a node as `make run` starts it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Node } from '../kit/node.js';
import { Watched } from '../kit/wait.js';

test('the README’s example logs in, listens and hears what it sends', async (t) => {
  const readme = await readFile(new URL('../../../../../README.md', import.meta.url), 'utf8');
  const [, program] = /```js\n([\s\S]+?)```/.exec(readme);
  const node = await Node.start({}, { demo: true });
  t.after(() => node.close());

  const example = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, SERVER: node.http, NODE_TEST_CONTEXT: '' },
  });
  t.after(() => example.kill());
  example.stdin.end(program);
  const watched = new Watched();
  let output = '';
  let errors = '';
  example.stdout.on('data', (bytes) => {
    output += bytes;
    watched.changed();
  });
  example.stderr.on('data', (bytes) => {
    errors += bytes;
  });
  await watched.until(() => output.includes('hello from JavaScript'), () => `it hears itself: ${output}${errors}`);
  assert.match(output, /^\d+ message\.created hello from JavaScript$/m);
});
