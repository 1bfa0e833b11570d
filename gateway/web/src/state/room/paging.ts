// Reading a room's past: the first page, further ones, around a message, from a date, and what is missing in between.
import { history, PAGE_MESSAGES_MAX, type Place } from '../../api/messages';
import type { Message, Page } from '../../api/types';
import { firstId, lastId, opened, type Timeline, trimmed, withGapFilled, withNewer, withNewest, withOlder } from '../../timeline/timeline';
import { toast, toastProblem } from '../toasts';
import type { Room } from './room';

/** Shows another state of what is held, around what is looked at. */
export function hold(room: Room, timeline: Timeline): void {
  room.timeline.value = trimmed(timeline, room.isAtBottom.value && timeline.atEnd ? undefined : room.lookedAtId);
}

async function read(room: Room, place: Place, limit?: number): Promise<Page<Message> | null> {
  const page = await history(room.chatId, place, limit);
  return room.isClosed ? null : page;
}

/** Reads the newest page and shows it, instead of whatever was there. */
async function loadNewest(room: Room): Promise<void> {
  const page = await read(room, {});
  if (page) hold(room, opened(page.items, !page.hasMore, true));
}

type Direction = 'older' | 'newer';
const underWay = new WeakMap<Room, Set<Direction | string>>();

/** One reading of a kind at a time. */
async function once(room: Room, kind: Direction | string, work: () => Promise<void>): Promise<void> {
  const kinds = underWay.get(room) ?? new Set();
  underWay.set(room, kinds);
  if (kinds.has(kind)) return;
  kinds.add(kind);
  try {
    await work();
  } catch (thrown) {
    if (!room.isClosed) toastProblem(thrown);
    // Whoever scrolls on asks again; not at once.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  } finally {
    kinds.delete(kind);
  }
}

export const loadOlder = (room: Room): Promise<void> =>
  once(room, 'older', async () => {
    const before = firstId(room.timeline.value);
    if (room.timeline.value.atStart || before === undefined) return;
    const page = await read(room, { before });
    // Something else may be shown by now.
    if (page && firstId(room.timeline.value) === before) hold(room, withOlder(room.timeline.value, page.items, page.hasMore));
  });

export const loadNewer = (room: Room): Promise<void> =>
  once(room, 'newer', async () => {
    const after = lastId(room.timeline.value);
    if (room.timeline.value.atEnd || after === undefined) return;
    const page = await read(room, { after });
    if (page && lastId(room.timeline.value) === after) hold(room, withNewer(room.timeline.value, page.items, page.hasMore));
  });

/** Reads what lies between the first page and the place in the log from which on the room is followed. */
export async function catchUpNewer(room: Room, place: number): Promise<void> {
  const last = room.timeline.value.messages.at(-1);
  if ((last?.offset ?? 0) >= place) return;
  let after = last?.message_id;
  if (after === undefined) return reloadMissed(room);
  if (!room.timeline.value.atEnd) return;
  const page = await read(room, { after }, PAGE_MESSAGES_MAX);
  // Something else may be shown by now.
  if (!page || !room.timeline.value.atEnd) return;
  if (page.hasMore) return reloadMissed(room);
  after = page.items.at(-1)?.message_id;
  if (after !== undefined) hold(room, { ...withNewer(room.timeline.value, page.items, false), atEnd: true });
}

/** After more was missed than comes back by itself: the newest page, and a mark where something may be missing. */
export async function reloadMissed(room: Room): Promise<void> {
  const page = await read(room, {}, PAGE_MESSAGES_MAX);
  if (page) hold(room, withNewest(room.timeline.value, page.items, page.hasMore));
}

/** Reads on behind a gap. */
export const fillGap = (room: Room, gap: string): Promise<void> =>
  once(room, gap, async () => {
    const page = await read(room, { after: gap }, PAGE_MESSAGES_MAX);
    if (page && room.timeline.value.gaps.has(gap)) hold(room, withGapFilled(room.timeline.value, gap, page.items, page.hasMore));
  });

/** Brings a message into view, with its neighbours if they are not held. */
export const showMessage = (room: Room, messageId: string, mark = true): Promise<void> =>
  once(room, 'jump', async () => {
    if (!room.timeline.value.messages.some((message) => message.message_id === messageId)) {
      const page = await read(room, { around: messageId });
      if (!page) return;
      showApart(room, opened(page.items, !page.hasMore, false));
    }
    room.target.value = { messageId, mark };
  });

/** Brings the first message of a day into view. */
export const showDate = (room: Room, day: Date): Promise<void> =>
  once(room, 'jump', async () => {
    const page = await read(room, { from: day.toISOString() });
    if (!page) return;
    const first = page.items[0];
    if (!first) {
      toast('noMessagesSince');
      return showEnd(room);
    }
    showApart(room, opened(page.items, false, !page.hasMore));
    room.target.value = { messageId: first.message_id, mark: true };
  });

/** Shows a stretch that does not hang together with what was shown before. */
function showApart(room: Room, timeline: Timeline): void {
  room.isAtBottom.value = false;
  room.lookedAtId = undefined;
  room.timeline.value = timeline;
}

/** Brings the newest message into view. */
export async function showEnd(room: Room): Promise<void> {
  try {
    if (!room.timeline.value.atEnd) await loadNewest(room);
    room.newCount.value = 0;
    room.target.value = 'end';
  } catch (thrown) {
    if (!room.isClosed) toastProblem(thrown);
  }
}
