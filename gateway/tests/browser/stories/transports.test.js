/** Networks that carry no WebSockets: the page takes another way by itself, and everything works over it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAILED_REQUEST, refusedWith } from '../kit/complaints.js';
import { WEBSOCKETS } from '../kit/gate.js';
import { say, wholeHistory } from '../kit/rooms.js';
import { Stage } from '../kit/stage.js';

const WAYS = [
  { transport: 'websocket', refused: [] },
  { transport: 'http_stream', refused: [WEBSOCKETS] },
  { transport: 'sse', refused: [WEBSOCKETS, '/connection/http_stream'] },
];

describe('a proxy between the page and its node', () => {
  let stage;
  before(async () => {
    stage = await Stage.opens();
  });
  after(() => stage.closes());

  for (const { transport, refused } of WAYS) {
    test(`refuses ${refused.join(' and ') || 'nothing'}: everything works over ${transport}`, async (t) => {
      const gate = await stage.gate(t, ...refused);
      const alice = await stage.person(t, 'alice', { at: gate });
      const bob = await stage.account('bob');
      const chat = await stage.room(`Over ${transport}`, [alice.account, bob]);
      alice.complaints.expects(FAILED_REQUEST, refusedWith(502));
      await alice.signsIn();
      await alice.opensChat(chat.name);
      await alice.isLiveOver(transport);
      await say(stage.node, bob, chat, 'can you hear me?');
      await alice.sees('can you hear me?');
      await alice.repliesTo('can you hear me?', 'loud and claer');
      await alice.isAcknowledged('loud and claer');
      await alice.edits('loud and claer', 'loud and clear');
      await alice.sends('nonsense');
      await alice.isAcknowledged('nonsense');
      await alice.deletes('nonsense');
      await alice.doesNotSee('nonsense');
      await alice.seesHere(1);
      gate.cut();
      await say(stage.node, bob, chat, 'and after a break?');
      await alice.sees('and after a break?');
      await alice.isLiveOver(transport);
      const stored = await wholeHistory(stage.node, bob, chat);
      const words = stored.map(({ content }) => content).filter(Boolean);
      assert.deepEqual(words, ['can you hear me?', 'loud and clear', 'and after a break?']);
    });
  }
});
