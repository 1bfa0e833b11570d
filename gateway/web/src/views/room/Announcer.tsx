// Tells screen readers what is new, politely and not more often than one can listen. The list itself is silent: scrolling through the past
// puts messages into it that are not new.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Message } from '../../api/types';
import { nameOf } from '../../state/people';
import type { Room } from '../../state/room/room';
import { cleanLine, shortened } from '../../texts/clean';
import { t } from '../../texts/texts';
import { lastId } from '../../timeline/timeline';

const TELL_EVERY_MS = 2_000;
const CHARACTERS_MAX = 300;

/** Messages of others behind this one. */
function newSince(room: Room, id: string): Message[] {
  const { messages, atEnd } = room.timeline.peek();
  if (!atEnd) return [];
  const place = messages.findLastIndex((message) => message.message_id <= id);
  return messages.slice(place + 1).filter((message) => message.sender !== room.me && !message.deleted);
}

function words(messages: Message[]): string {
  const [message] = messages;
  if (!message) return '';
  if (messages.length > 1) return t('newMessages', { n: messages.length });
  return `${nameOf(message.sender) || t('somebody')}: ${shortened(cleanLine(message.content), CHARACTERS_MAX)}`;
}

export function Announcer({ room }: { room: Room }): JSX.Element {
  const told = useSignal('');
  useEffect(() => {
    let toldId = lastId(room.timeline.peek()) ?? '';
    const timer = setInterval(() => {
      const messages = newSince(room, toldId);
      const last = messages.at(-1);
      if (!last) return;
      toldId = last.message_id;
      told.value = words(messages);
    }, TELL_EVERY_MS);
    return () => clearInterval(timer);
  }, [room]);
  return (
    <p class="visually-hidden" aria-live="polite" data-announcer>
      {told}
    </p>
  );
}
