// One message known from several places (pages, live events, answers): which state of it holds. Pure.
import type { Message, Status } from '../api/types';

const RANKS: Record<Status, number> = { sent: 0, received: 1, read: 2 };

/** The one that has come further: acknowledgements never go back. */
export const further = (one: Status, other: Status): Status => (RANKS[other] > RANKS[one] ? other : one);

/** What is known of a message after another state of it has arrived, in whatever order. */
export function merged(known: Message, incoming: Message): Message {
  const newer = isNewer(known, incoming) ? incoming : known;
  const status = further(known.status, incoming.status);
  const clientId = known.client_msg_id ?? incoming.client_msg_id;
  if (newer === known && status === known.status && clientId === known.client_msg_id) return known;
  const result: Message = { ...newer, status };
  if (clientId) result.client_msg_id = clientId;
  return result;
}

/** A deletion is the end; else the later change counts, and of one moment the one later in the log. Times are RFC 3339 in UTC: they sort as text. */
function isNewer(known: Message, incoming: Message): boolean {
  if (known.deleted || incoming.deleted) return !known.deleted;
  if (known.updated !== incoming.updated) return incoming.updated > known.updated;
  return incoming.offset > known.offset;
}

/** Two lists in order of their ids as one; the very list `known` when nothing in it changes. */
export function mergedLists(known: readonly Message[], incoming: readonly Message[]): readonly Message[] {
  if (incoming.length === 0) return known;
  const result: Message[] = [];
  let hasChanged = false;
  let place = 0;
  for (const message of incoming) {
    while (place < known.length && (known[place] as Message).message_id < message.message_id) {
      result.push(known[place] as Message);
      place += 1;
    }
    const before = known[place]?.message_id === message.message_id ? (known[place] as Message) : null;
    const last = result.at(-1);
    if (before) place += 1;
    if (!before && last?.message_id === message.message_id) {
      result[result.length - 1] = merged(last, message);
    } else {
      const now = before ? merged(before, message) : message;
      hasChanged ||= now !== before;
      result.push(now);
    }
  }
  return hasChanged ? result.concat(known.slice(place)) : known;
}

/** Lists from pages and events are in order already, mostly. */
export function inOrder(messages: readonly Message[]): readonly Message[] {
  for (let place = 1; place < messages.length; place += 1) {
    if ((messages[place - 1] as Message).message_id > (messages[place] as Message).message_id) {
      return [...messages].sort((one, other) => (one.message_id < other.message_id ? -1 : 1));
    }
  }
  return messages;
}
