// Waiting for the first page of a room, so that what comes live is put behind it and not lost under it.
import { effect } from '@preact/signals';
import type { Room } from './room';

/** When the first page is there, or could not be read: whether it is there. Never, once the room is left. */
export function shown(room: Room): Promise<boolean> {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (room.phase.value !== 'loading') resolve(room.phase.value === 'ready');
    });
    room.endings.push(end);
  });
}
