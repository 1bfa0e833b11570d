// Messages on their way: written here, kept in the database, sent when there is a connection.
import { signal } from '@preact/signals';
import type { Message } from '../api/types';
import { connection } from '../realtime/connection';
import { rpc } from '../realtime/rpc';
import { drain } from '../store/drain';
import { alone } from '../store/lock';
import type { OutboxItem } from '../store/outbox';
import * as store from '../store/outbox';
import { randomId } from '../store/random_id';
import { session } from './session';

/** Pause before the next attempt after a refusal that says nothing else; each further one is twice as long. */
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 15_000;

/** What this user has written and the server has not taken yet, in order, over all rooms. */
export const outbox = signal<OutboxItem[]>([]);

type SentListener = (item: OutboxItem, message: Message) => void;
const listeners = new Set<SentListener>();

/** Calls `listener` for each message that the server has taken, before it leaves the outbox. Gives what ends that. */
export function onSent(listener: SentListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const otherTabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('plenum-outbox');
otherTabs?.addEventListener('message', () => void reload());

async function reload(): Promise<void> {
  const userId = session.value?.user_id;
  outbox.value = userId ? await store.list(userId) : [];
}

function changed(items: OutboxItem[]): void {
  outbox.value = items;
  otherTabs?.postMessage('changed');
}

/** Keeps a message and sends it as soon as it can be. */
export async function write(chatId: string, content: string, replyTo: string | null): Promise<void> {
  const userId = session.value?.user_id;
  if (!userId) return;
  const created = new Date().toISOString();
  const item = await store.put({
    user_id: userId,
    chat_id: chatId,
    client_msg_id: randomId(),
    content,
    reply_to: replyTo,
    created,
    failed: null,
  });
  changed([...outbox.value, item].sort((one, other) => one.place - other.place));
  kick();
}

/** Sends a refused message once more. Its place in the order stays. */
export async function retry(item: OutboxItem): Promise<void> {
  const again = { ...item, failed: null };
  await store.update(again);
  changed(outbox.value.map((one) => (one.place === item.place ? again : one)));
  kick();
}

/** Gives a message up. */
export async function discard(item: OutboxItem): Promise<void> {
  await store.remove(item.place);
  changed(outbox.value.filter((one) => one.place !== item.place));
}

let isDraining = false;
let isWanted = false;
let pauseMs = PAUSE_FIRST_MS;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Sends what waits, if there is a connection; called whenever there may be something to do. */
function kick(): void {
  isWanted = true;
  if (!isDraining) void work();
}

async function work(): Promise<void> {
  isDraining = true;
  clearTimeout(timer);
  try {
    while (isWanted) {
      isWanted = false;
      await once();
    }
  } finally {
    isDraining = false;
  }
}

async function once(): Promise<void> {
  const userId = session.value?.user_id;
  if (!userId || connection.value.kind !== 'connected') return;
  const problem = await alone(`plenum-outbox-${userId}`, () => drain(userId, sender));
  if (!problem) {
    pauseMs = PAUSE_FIRST_MS;
    return;
  }
  timer = setTimeout(kick, problem.retryAfterMs ?? pauseMs);
  pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
}

const sender = {
  send: ({ chat_id, content, reply_to, client_msg_id }: OutboxItem) =>
    rpc<Message>('message.send', { chat_id, content, reply_to, client_msg_id }),
  sent: (item: OutboxItem, message: Message) => {
    for (const listener of listeners) listener(item, message);
    changed(outbox.value.filter((one) => one.place !== item.place));
  },
  failed: (item: OutboxItem) => {
    changed(outbox.value.map((one) => (one.place === item.place ? item : one)));
  },
};

/** Follows who is signed in and whether there is a connection, as long as the page lives. */
export function followOutbox(): void {
  let userId: string | undefined;
  session.subscribe((login) => {
    if (login?.user_id === userId) return;
    userId = login?.user_id;
    void reload().then(kick);
  });
  connection.subscribe(({ kind }) => {
    if (kind === 'connected') kick();
  });
}
