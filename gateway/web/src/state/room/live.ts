// What happens in the room comes in here, gathered per frame: a burst of messages costs one drawing.
import { effect } from '@preact/signals';
import type { Centrifuge, PublicationContext, SubscribedContext, Subscription } from 'centrifuge';
import type { Chat, Message } from '../../api/types';
import { type Live, lastId, withLive, withStatus } from '../../timeline/timeline';
import { changeChat, dropChat, noteChanged, noteNewest } from '../chats';
import { toastProblem } from '../toasts';
import { catchUpNewer, hold, reloadMissed } from './paging';
import { noteReceived, wasReadByMe } from './reading';
import type { Room } from './room';
import { shown } from './shown';
import { onTyping } from './typing';

/** Drawings of a busy room follow each other at this pace at most. */
const DRAW_EVERY_MS = 50;

interface Event {
  event: string;
  data: Message & Partial<Chat> & { user_ids?: string[] };
}

interface Follower {
  room: Room;
  subscription: Subscription;
  waiting: PublicationContext[];
  isScheduled: boolean;
  drawnAt: number;
  /** The place in the log up to which everything is shown. */
  applied: number;
  /** The newest place in the log that is known of. */
  head: number;
}

/** Follows the room until it is left. */
export function follow(client: Centrifuge, room: Room): void {
  const subscription = client.newSubscription(`room:${room.chatId}`, { joinLeave: true });
  const follower: Follower = { room, subscription, waiting: [], isScheduled: false, drawnAt: 0, applied: 0, head: 0 };
  subscription.on('publication', (publication) => {
    follower.waiting.push(publication);
    schedule(follower);
  });
  subscription.on('subscribed', (context) => {
    onSubscribed(follower, context)
      .catch(toastProblem)
      .finally(() => {
        room.isSubscribed.value = subscription.state === 'subscribed';
        room.wasSubscribed = true;
      });
  });
  subscription.on('subscribing', () => {
    room.isSubscribed.value = false;
  });
  subscription.on('unsubscribed', ({ code }) => {
    room.isSubscribed.value = false;
    // 0 is our own leaving. Of a room that was never read its page says what is wrong.
    if (code !== 0 && !room.isClosed && room.phase.value === 'ready') room.ended.value ??= 'removed';
  });
  subscription.subscribe();
  const ending = effect(() => {
    if (room.phase.value !== 'loading') schedule(follower);
  });
  room.endings.push(() => {
    ending();
    subscription.removeAllListeners();
    subscription.unsubscribe();
    client.removeSubscription(subscription);
  });
}

async function onSubscribed(follower: Follower, context: SubscribedContext): Promise<void> {
  const { room } = follower;
  const place = context.streamPosition?.offset ?? 0;
  if (!context.wasRecovering || !context.recovered) {
    // What came before this place comes with pages only.
    follower.applied = place;
    setHead(follower, place);
    // What a page that could not be read did not show is on the next one.
    if (!(await shown(room))) return;
    if (context.wasRecovering) await reloadMissed(room);
    else await catchUpNewer(room, place);
    return;
  }
  const { offset } = await follower.subscription.history({ limit: 0 });
  setHead(follower, offset);
}

function setHead(follower: Follower, head: number): void {
  follower.head = Math.max(head, follower.applied);
  follower.room.behind.value = follower.head - follower.applied;
}

function schedule(follower: Follower): void {
  if (follower.isScheduled || follower.room.isClosed) return;
  follower.isScheduled = true;
  const pause = Math.max(0, follower.drawnAt + DRAW_EVERY_MS - performance.now());
  // Pages in the background get no frames.
  if (document.hidden) setTimeout(() => draw(follower), DRAW_EVERY_MS);
  else setTimeout(() => requestAnimationFrame(() => draw(follower)), pause);
}

function draw(follower: Follower): void {
  follower.isScheduled = false;
  follower.drawnAt = performance.now();
  const { room, waiting } = follower;
  // A page that is under way may have been read before what has come since: that waits for it.
  if (room.isClosed || room.phase.value === 'loading') return;
  follower.waiting = [];
  // A page that is asked for again shows all of it.
  if (room.phase.value === 'failed') return;
  const live: Live & { created: Message[]; changed: Message[] } = { created: [], changed: [] };
  const marks: Event[] = [];
  for (const publication of waiting) {
    const event = publication.data as Event;
    if (publication.offset) follower.applied = Math.max(follower.applied, publication.offset);
    sort(room, event, live, marks);
  }
  apply(room, live, marks);
  setHead(follower, follower.head);
}

function sort(room: Room, event: Event, live: { created: Message[]; changed: Message[] }, marks: Event[]): void {
  switch (event.event) {
    case 'message.created':
      live.created.push(event.data);
      return;
    case 'message.updated':
    case 'message.deleted':
      live.changed.push(event.data);
      return;
    case 'message.received':
    case 'message.read':
      marks.push(event);
      return;
    case 'typing':
      onTyping(room, event.data.user_ids ?? []);
      return;
    case 'chat.deleted':
      room.ended.value = 'deleted';
      dropChat(room.chatId);
      return;
    default:
      onChange(room, event.data);
  }
}

/** Another name, other people. */
function onChange(room: Room, { name, participants_count }: Partial<Chat>): void {
  changeChat(room.chatId, (chat) => ({
    name: name && chat.kind !== 'direct' ? name : chat.name,
    participants_count: participants_count ?? chat.participants_count,
  }));
}

function apply(room: Room, live: Live, marks: Event[]): void {
  const before = lastId(room.timeline.value) ?? '';
  let timeline = withLive(room.timeline.value, live);
  const foreign = live.created.filter((message) => message.sender !== room.me);
  const newest = foreign.at(-1);
  // Whoever writes has read what was there.
  if (newest && newest.sender !== '') timeline = withStatus(timeline, room.me, newest.message_id, 'read');
  for (const { data } of marks) {
    timeline = withStatus(timeline, data.sender, data.message_id, data.status);
    // It was somebody else than the author; if it was not me either, it covers my messages before it as well.
    if (data.sender !== room.me && !wasReadByMe(room, data.message_id))
      timeline = withStatus(timeline, room.me, data.message_id, data.status);
  }
  if (timeline !== room.timeline.value) hold(room, timeline);
  if (!room.isAtBottom.value) room.newCount.value += foreign.filter((message) => message.message_id > before || !timeline.atEnd).length;
  if (newest) noteReceived(room, newest.message_id);
  const last = live.created.at(-1);
  if (last) noteNewest(last, null);
  for (const message of live.changed) noteChanged(message);
  room.typing.value = room.typing.value.filter((userId) => !foreign.some((message) => message.sender === userId));
}
