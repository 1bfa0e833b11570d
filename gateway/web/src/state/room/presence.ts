// How many people are in the room now: asked for while somebody looks at the page, seldom.
import type { Centrifuge } from 'centrifuge';
import type { Room } from './room';

const ASK_EVERY_MS = 15_000;
/** Somebody has come or gone: the number is asked for a moment later. */
const ASK_AFTER_MS = 1_500;

/** Keeps the number fresh until the room is left. */
export function countPeople(client: Centrifuge, room: Room): void {
  const ask = async () => {
    // Without a connection nobody knows.
    if (!room.isSubscribed.value) room.here.value = null;
    if (document.hidden || !room.isSubscribed.value) return;
    try {
      const { numUsers } = await client.presenceStats(`room:${room.chatId}`);
      if (!room.isClosed) room.here.value = numUsers;
    } catch {
      room.here.value = null;
    }
  };
  const timer = setInterval(() => void ask(), ASK_EVERY_MS);
  const look = () => void ask();
  let soon: ReturnType<typeof setTimeout> | undefined;
  const moved = () => {
    clearTimeout(soon);
    soon = setTimeout(look, ASK_AFTER_MS);
  };
  const ending = room.isSubscribed.subscribe(look);
  const subscription = client.getSubscription(`room:${room.chatId}`);
  subscription?.on('join', moved);
  subscription?.on('leave', moved);
  document.addEventListener('visibilitychange', look);
  room.endings.push(() => {
    clearInterval(timer);
    clearTimeout(soon);
    ending();
    document.removeEventListener('visibilitychange', look);
  });
}
