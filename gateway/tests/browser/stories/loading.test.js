/** What the first visit costs on the wire, and the next one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { watchesTheWire } from '../kit/measure.js';
import { Stage } from '../kit/stage.js';

const FIRST_LOAD_BYTES_MAX = 120 * 1024;

describe('loading the page', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  test('the first time takes no more than 120 KB, compressed, heads included', async (t) => {
    const alice = await stage.person(t, 'alice');
    const wire = await watchesTheWire(alice);
    await alice.opens();
    await alice.button(alice.words.signIn).waitFor();
    await alice.page.waitForLoadState('networkidle');
    await alice.signsIn();
    await alice.page.waitForLoadState('load');
    const bytes = wire.reduce((sum, { bytes: more }) => sum + more, 0);
    t.diagnostic(`${bytes} bytes: ${wire.map(({ path, bytes: more }) => `${path} ${more}`).join(', ')}`);
    assert.ok(bytes > 0 && bytes <= FIRST_LOAD_BYTES_MAX, `${bytes} bytes`);
  });

  test('everything under /assets is kept for good under a name that changes with it; the page itself is asked for', async (t) => {
    const alice = await stage.person(t, 'alice');
    const answers = [];
    alice.page.on('response', (answer) => answers.push(answer));
    await alice.opens();
    await alice.page.waitForLoadState('networkidle');
    const assets = answers.filter((answer) => new URL(answer.url()).pathname.startsWith('/assets/'));
    assert.ok(assets.length > 0);
    for (const asset of assets) {
      const headers = await asset.allHeaders();
      assert.match(headers['cache-control'], /immutable/, asset.url());
      assert.match(headers['cache-control'], /max-age=31536000/, asset.url());
      assert.match(asset.url(), /[-.][A-Za-z0-9_-]{8,}\.\w+$/, 'the name has a hash in it');
      if (/\.(js|css)$/.test(asset.url())) assert.match(headers['content-encoding'] ?? '', /br|gzip|zstd/, asset.url());
    }
    const page = await answers[0].allHeaders();
    assert.match(page['cache-control'], /no-cache|no-store/);
    assert.doesNotMatch(page['content-security-policy'], /unsafe/);
    assert.match(page['content-security-policy'], /default-src 'none'|default-src 'self'/);
  });

  test('nothing is loaded from anywhere else', async (t) => {
    const { people } = await stage.together(t, 'Home', ['alice']);
    const [alice] = people;
    const hosts = new Set();
    alice.page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await alice.page.reload();
    await alice.isLive();
    assert.deepEqual([...hosts], [`127.0.0.1:${stage.node.port}`]);
  });
});
