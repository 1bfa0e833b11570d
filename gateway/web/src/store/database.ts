// The page's database in this browser: what must survive a reload. Where there is none (some private windows) memory takes its place.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** A message that has been written and is not known to be on the server. */
export interface OutboxItem {
  /** Its place in the order of writing, over all rooms and tabs. */
  place: number;
  user_id: string;
  chat_id: string;
  /** Makes it safe to send again. */
  client_msg_id: string;
  content: string;
  reply_to: string | null;
  /** When it was written, by this device's clock. */
  created: string;
  /** The code of the refusal, when it will not be sent again by itself. */
  failed: { code: number; detail: string } | null;
}

/** Who may do something alone where the browser has no locks. */
export interface Lease {
  name: string;
  owner: string;
  until_ms: number;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxItem; indexes: { user: string } };
  leases: { key: string; value: Lease };
}

export type Database = IDBPDatabase<Schema>;

let opened: Promise<Database | null> | null = null;

/** The database, or null where there is none. */
export function database(): Promise<Database | null> {
  opened ??= openDB<Schema>('plenum', 1, {
    upgrade(made) {
      const outbox = made.createObjectStore('outbox', { keyPath: 'place', autoIncrement: true });
      outbox.createIndex('user', 'user_id');
      made.createObjectStore('leases', { keyPath: 'name' });
    },
    // A newer page in another tab wants to change it: the next call opens it anew.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated() {
      opened = null;
    },
  }).catch(() => null);
  return opened;
}
