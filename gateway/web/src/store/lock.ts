// One tab at a time. With the browser's locks; pages over plain HTTP have none, there a lease in the database does the same.
import { database } from './database';
import { randomId } from './random_id';

/** How long a lease holds; its owner renews it meanwhile, and a tab that was closed loses it. */
const LEASE_MS = 6_000;
const RENEW_EVERY_MS = 2_000;
const ASK_EVERY_MS = 250;

const tab = randomId();

/** Does `work` while no other tab does anything under the same name. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (navigator.locks) return navigator.locks.request(name, work) as Promise<T>;
  return withLease(name, work);
}

const inThisTab = new Map<string, Promise<unknown>>();

/** The same without the browser's locks. */
export function withLease<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = inThisTab.get(name) ?? Promise.resolve();
  const turn = before.catch(() => undefined).then(() => leased(name, work));
  inThisTab.set(name, turn);
  return turn;
}

async function leased<T>(name: string, work: () => Promise<T>): Promise<T> {
  while (!(await take(name))) await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  const renewal = setInterval(() => void take(name), RENEW_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await give(name);
  }
}

async function take(name: string): Promise<boolean> {
  const store = (await database())?.transaction('leases', 'readwrite').store;
  if (!store) return true;
  const held = await store.get(name);
  const now = Date.now();
  if (held && held.owner !== tab && held.until_ms > now) return false;
  await store.put({ name, owner: tab, until_ms: now + LEASE_MS });
  return true;
}

async function give(name: string): Promise<void> {
  const store = (await database())?.transaction('leases', 'readwrite').store;
  const held = await store?.get(name);
  if (held?.owner === tab) await store?.delete(name);
}
