// What the list of a room shows: the messages that are held, and behind them what waits to be sent. Pure.
import type { Message, Status } from '../../api/types';
import type { OutboxItem } from '../../store/outbox';
import type { Timeline } from '../../timeline/timeline';

type State = Status | 'waiting' | 'failed';

/** A message to show: one of the server's, or one of the outbox. */
export interface Item {
  key: string;
  state: State;
  message: Message;
  waiting: OutboxItem | null;
}

const items = new WeakMap<Message, Item>();

function itemOf(message: Message, me: string): Item {
  let item = items.get(message);
  if (!item) {
    // An own message keeps its key from the moment of writing, so that it is not drawn anew when it has been sent.
    const key = message.sender === me && message.client_msg_id ? message.client_msg_id : message.message_id;
    item = { key, state: message.status, message, waiting: null };
    items.set(message, item);
  }
  return item;
}

const waitingItems = new WeakMap<OutboxItem, Item>();

function waitingItem(waiting: OutboxItem): Item {
  let item = waitingItems.get(waiting);
  if (!item) {
    const message: Message = {
      message_id: '',
      chat_id: waiting.chat_id,
      sender: waiting.user_id,
      reply_to: waiting.reply_to,
      content: waiting.content,
      status: 'sent',
      created: waiting.created,
      updated: waiting.created,
      offset: 0,
      client_msg_id: waiting.client_msg_id,
    };
    item = { key: waiting.client_msg_id, state: waiting.failed ? 'failed' : 'waiting', message, waiting };
    waitingItems.set(waiting, item);
  }
  return item;
}

/** The same object for the same message, so that what has not changed is not drawn again. */
export function itemsOf(timeline: Timeline, outbox: readonly OutboxItem[], chatId: string, me: string): Item[] {
  const shown = timeline.messages.map((message) => itemOf(message, me));
  if (!timeline.atEnd) return shown;
  const own = outbox.filter((item) => item.chat_id === chatId);
  if (own.length === 0) return shown;
  // A message may be seen here before the answer to its sending is.
  const keys = new Set(shown.map((item) => item.key));
  return shown.concat(own.filter((item) => !keys.has(item.client_msg_id)).map(waitingItem));
}
