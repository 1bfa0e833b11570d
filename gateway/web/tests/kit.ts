// What the tests speak of.
import type { Message } from '../src/api/types';

/** The message with this number, of a room's log. */
export function message(number: number, over: Partial<Message> = {}): Message {
  const created = new Date(Date.UTC(2026, 0, 1, 12, 0, number)).toISOString();
  return {
    message_id: `room${String(number).padStart(8, '0')}`,
    chat_id: 'room',
    sender: 'ann',
    reply_to: null,
    content: `text ${number}`,
    status: 'sent',
    created,
    updated: created,
    offset: number,
    ...over,
  };
}

export const messages = (from: number, to: number): Message[] => Array.from({ length: to - from + 1 }, (_, place) => message(from + place));

export const numbers = (list: readonly Message[]): number[] => list.map(({ message_id }) => Number(message_id.slice(4)));
