/** Rooms and what is said in them while nobody looks: over HTTP, as other programs do it. */
import { randomUUID } from 'node:crypto';

import { http } from '../../sdk/js/kit/accounts.js';

const UNDER_WAY = 48;

/** A room of its first person and the others; without others still a group. */
export function room(node, name, [owner, ...others]) {
  const body = { name, participants: others.map(({ userId }) => userId), kind: 'group' };
  return http(node, 'POST', '/chats', { token: owner.token, body, status: 201 });
}

/** Somebody says something; resolves with the Message. */
export function say(node, speaker, chat, content, more = {}) {
  const body = { content, client_msg_id: randomUUID(), ...more };
  return http(node, 'POST', `/chats/${chat.chat_id}/messages`, { token: speaker.token, body, status: 201 });
}

/** Says `count` things, `text(n)` the n-th from 1; many under way at once, so their order is the node's. */
export async function sayMany(node, speakers, chat, count, text) {
  let next = 1;
  const lane = async () => {
    while (next <= count) {
      const number = next;
      next += 1;
      await say(node, speakers[number % speakers.length], chat, text(number));
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, lane));
}

/** All messages of a room as they are stored, oldest first. */
export async function wholeHistory(node, reader, chat) {
  const messages = [];
  for (let before = ''; ; ) {
    const path = `/chats/${chat.chat_id}/messages?limit=200${before}`;
    const page = await http(node, 'GET', path, { token: reader.token });
    messages.push(...page);
    if (page.length < 200) return messages.reverse();
    before = `&before=${page.at(-1).message_id}`;
  }
}
