// What has been written and not been sent, in the order of writing. state/outbox.ts sends it; this only keeps it.
import { database, type OutboxItem } from './database';

export type { OutboxItem };

/** Takes the place of the database where there is none. */
const memory = new Map<number, OutboxItem>();
let memoryPlace = 0;

/** Keeps a message; its place is behind all others. */
export async function put(item: Omit<OutboxItem, 'place'>): Promise<OutboxItem> {
  const kept = await database();
  if (kept) {
    // The store gives the key, and puts it in.
    const place = await kept.add('outbox', item as OutboxItem);
    return { ...item, place };
  }
  memoryPlace += 1;
  const placed = { ...item, place: memoryPlace };
  memory.set(placed.place, placed);
  return placed;
}

/** A user's messages, in order. */
export async function list(userId: string): Promise<OutboxItem[]> {
  const kept = await database();
  if (kept) return kept.getAllFromIndex('outbox', 'user', userId);
  return [...memory.values()].filter((item) => item.user_id === userId);
}

/** The message at this place, if it is there still. */
export async function get(place: number): Promise<OutboxItem | undefined> {
  const kept = await database();
  return kept ? kept.get('outbox', place) : memory.get(place);
}

/** Changes a message that is there still. */
export async function update(item: OutboxItem): Promise<void> {
  const kept = await database();
  if (!kept) {
    if (memory.has(item.place)) memory.set(item.place, item);
    return;
  }
  const store = kept.transaction('outbox', 'readwrite').store;
  if (await store.get(item.place)) await store.put(item);
}

/** Forgets a message: it is on the server, or its author does not want it any more. */
export async function remove(place: number): Promise<void> {
  const kept = await database();
  if (kept) await kept.delete('outbox', place);
  else memory.delete(place);
}
