// Changes of messages that are on the server: they need a connection, and say so when there is none.
import { deleteMessage, editMessage } from '../../api/messages';
import type { Message } from '../../api/types';
import { randomId } from '../../store/random_id';
import { withLive } from '../../timeline/timeline';
import { noteChanged } from '../chats';
import { toastProblem } from '../toasts';
import { hold } from './paging';
import type { Room } from './room';

function show(room: Room, changed: Message): void {
  hold(room, withLive(room.timeline.value, { created: [], changed: [changed] }));
  noteChanged(changed);
}

/** Gives whether it was done. */
async function done(room: Room, change: () => Promise<Message>): Promise<boolean> {
  try {
    const changed = await change();
    if (!room.isClosed) show(room, changed);
    return true;
  } catch (thrown) {
    toastProblem(thrown);
    return false;
  }
}

export const edit = (room: Room, message: Message, content: string) =>
  done(room, () => editMessage(message.message_id, content, randomId()));

export const remove = (room: Room, message: Message) => done(room, () => deleteMessage(message.message_id));
