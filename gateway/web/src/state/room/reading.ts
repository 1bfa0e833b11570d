// Telling the server what has arrived here and what has been read. Acknowledgements cover everything before, so only the newest counts.
import { rpc } from '../../realtime/rpc';
import { changeChat } from '../chats';
import type { Room } from './room';

const READ_EVERY_MS = 1_000;
const RECEIVED_AFTER_MS = 1_500;
/** Own acknowledgements that are remembered, to tell them from others' when they come back as events. */
const REMEMBERED_MAX = 200;

interface Marks {
  /** The newest message that was in view. */
  wantedId: string;
  /** The newest one that the server knows to be read. */
  readId: string;
  receivedId: string;
  acknowledged: string[];
  timer: ReturnType<typeof setTimeout> | undefined;
  receivedTimer: ReturnType<typeof setTimeout> | undefined;
}

const marksOf = new WeakMap<Room, Marks>();

function marks(room: Room): Marks {
  let found = marksOf.get(room);
  if (!found) {
    found = { wantedId: '', readId: '', receivedId: '', acknowledged: [], timer: undefined, receivedTimer: undefined };
    marksOf.set(room, found);
  }
  return found;
}

/** Whether an acknowledgement of this message was our own. */
export const wasReadByMe = (room: Room, messageId: string): boolean => marks(room).acknowledged.includes(messageId);

/** A message is in view, and somebody looks at the page. */
export function noteSeen(room: Room, messageId: string): void {
  const known = marks(room);
  if (messageId > known.wantedId) known.wantedId = messageId;
  if (known.wantedId > known.readId && known.timer === undefined) {
    void tell(room, known);
    known.timer = setTimeout(() => {
      known.timer = undefined;
      if (!room.isClosed && known.wantedId > known.readId) noteSeen(room, known.wantedId);
    }, READ_EVERY_MS);
  }
}

async function tell(room: Room, known: Marks): Promise<void> {
  const messageId = known.wantedId;
  const before = known.readId;
  known.readId = messageId;
  remember(known, messageId);
  try {
    await rpc('message.read', { message_id: messageId });
    const { messages, atEnd } = room.timeline.value;
    const read = messages.find((message) => message.message_id === messageId);
    if (read) changeChat(room.chatId, (chat) => ({ read_offset: Math.max(chat.read_offset, read.offset) }));
    if (atEnd && messageId === messages.at(-1)?.message_id) changeChat(room.chatId, () => ({ unread: 0 }));
  } catch {
    // Told again with the next message that is seen, or when the connection is back.
    known.readId = before;
  }
}

/** A message of somebody else has arrived; told unless it is read at once. */
export function noteReceived(room: Room, messageId: string): void {
  const known = marks(room);
  if (messageId <= known.receivedId) return;
  known.receivedId = messageId;
  known.receivedTimer ??= setTimeout(() => {
    known.receivedTimer = undefined;
    if (room.isClosed || known.receivedId <= known.readId) return;
    remember(known, known.receivedId);
    rpc('message.receive', { message_id: known.receivedId }).catch(() => undefined);
  }, RECEIVED_AFTER_MS);
}

function remember(known: Marks, messageId: string): void {
  known.acknowledged.push(messageId);
  if (known.acknowledged.length > REMEMBERED_MAX) known.acknowledged.shift();
}
