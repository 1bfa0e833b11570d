// The part of a room's messages that the page holds: a stretch of the log in order, with the places where something is missing. Pure.
//
// state/room/ keeps one and shows it; nothing here asks the server.
import type { Message, Status } from '../api/types';
import { further, inOrder, merged, mergedLists } from './merge';

export interface Timeline {
  /** In order of their ids. */
  readonly messages: readonly Message[];
  /** Nothing is older than the first one. */
  readonly atStart: boolean;
  /** The last one was the newest when it came, and what comes live is put behind it. */
  readonly atEnd: boolean;
  /** Ids of messages behind which others may be missing. */
  readonly gaps: ReadonlySet<string>;
}

export const emptyTimeline: Timeline = { messages: [], atStart: false, atEnd: false, gaps: new Set() };

/** Messages that are held at most; state/room/ trims to fewer at once, so that it need not with every message. */
export const HELD_MESSAGES_MAX = 3_600;
export const TRIMMED_TO_MESSAGES = 3_000;

export const firstId = (timeline: Timeline): string | undefined => timeline.messages[0]?.message_id;
export const lastId = (timeline: Timeline): string | undefined => timeline.messages.at(-1)?.message_id;

/** A stretch of its own, from one page (oldest first). */
export function opened(items: readonly Message[], atStart: boolean, atEnd: boolean): Timeline {
  return { messages: inOrder(items), atStart, atEnd, gaps: new Set() };
}

/** With an older page in front. */
export function withOlder(timeline: Timeline, items: readonly Message[], hasMore: boolean): Timeline {
  return { ...timeline, messages: mergedLists(timeline.messages, inOrder(items)), atStart: !hasMore };
}

/** With a newer page behind. */
export function withNewer(timeline: Timeline, items: readonly Message[], hasMore: boolean): Timeline {
  return { ...timeline, messages: mergedLists(timeline.messages, inOrder(items)), atEnd: !hasMore };
}

/**
 * With the newest page, after an unknown number of messages was missed. If it does not reach back to what is held, the place between is a gap.
 */
export function withNewest(timeline: Timeline, items: readonly Message[], hasOlder: boolean): Timeline {
  const last = lastId(timeline);
  if (last === undefined || !timeline.atEnd) return last === undefined ? opened(items, !hasOlder, true) : timeline;
  const page = inOrder(items);
  const first = page[0]?.message_id;
  const isMissing = first !== undefined && first > last && hasOlder;
  const gaps = isMissing ? new Set(timeline.gaps).add(last) : timeline.gaps;
  return { ...timeline, messages: mergedLists(timeline.messages, page), gaps };
}

/** With a page of what comes behind the message before a gap. */
export function withGapFilled(timeline: Timeline, gap: string, items: readonly Message[], hasMore: boolean): Timeline {
  const page = inOrder(items);
  const next = timeline.messages.find((message) => message.message_id > gap)?.message_id;
  const end = page.at(-1)?.message_id;
  const gaps = new Set(timeline.gaps);
  gaps.delete(gap);
  if (hasMore && end !== undefined && (next === undefined || end < next)) gaps.add(end);
  return { ...timeline, messages: mergedLists(timeline.messages, page), gaps };
}

/** What happened live. */
export interface Live {
  /** New messages, as far as they belong behind the last one. */
  created: readonly Message[];
  /** Edits and deletions, of messages that may be held. */
  changed: readonly Message[];
}

/** With what happened live. Away from the end new messages are left out: they come with their page. */
export function withLive(timeline: Timeline, live: Live): Timeline {
  let messages = timeline.messages;
  if (timeline.atEnd) messages = mergedLists(messages, inOrder(live.created));
  if (live.changed.length > 0) messages = withChanges(messages, live.changed);
  return messages === timeline.messages ? timeline : { ...timeline, messages };
}

function withChanges(messages: readonly Message[], changes: readonly Message[]): readonly Message[] {
  const byId = new Map<string, Message>();
  for (const change of changes) {
    const before = byId.get(change.message_id);
    byId.set(change.message_id, before ? merged(before, change) : change);
  }
  let hasChanged = false;
  const result = messages.map((message) => {
    const change = byId.get(message.message_id);
    const now = change ? merged(message, change) : message;
    hasChanged ||= now !== message;
    return now;
  });
  return hasChanged ? result : messages;
}

/** An acknowledgement covers everything before it: the author's messages up to this one have come at least as far. */
export function withStatus(timeline: Timeline, author: string, upToId: string, status: Status): Timeline {
  let hasChanged = false;
  const messages = timeline.messages.map((message) => {
    if (message.sender !== author || message.message_id > upToId) return message;
    const now = further(message.status, status);
    if (now === message.status) return message;
    hasChanged = true;
    return { ...message, status: now };
  });
  return hasChanged ? { ...timeline, messages } : timeline;
}

/** Shortened around the message that is looked at; what is cut off is paged in again when somebody scrolls there. */
export function trimmed(timeline: Timeline, lookedAtId: string | undefined, max = HELD_MESSAGES_MAX, to = TRIMMED_TO_MESSAGES): Timeline {
  const { messages } = timeline;
  if (messages.length <= max) return timeline;
  const found = lookedAtId === undefined ? -1 : messages.findIndex((message) => message.message_id >= lookedAtId);
  const looked = found < 0 ? messages.length - 1 : found;
  const from = Math.max(0, Math.min(looked - Math.floor(to / 2), messages.length - to));
  const kept = messages.slice(from, from + to);
  const first = kept[0]?.message_id ?? '';
  const last = kept.at(-1)?.message_id ?? '';
  return {
    messages: kept,
    atStart: timeline.atStart && from === 0,
    atEnd: timeline.atEnd && from + to >= messages.length,
    gaps: new Set([...timeline.gaps].filter((gap) => gap >= first && gap < last)),
  };
}
