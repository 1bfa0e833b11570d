// One open room: what is held of it. The other files of this folder change it; views show it.
import { type Signal, signal } from '@preact/signals';
import type { Problem } from '../../api/problem';
import type { Chat, Message } from '../../api/types';
import { emptyTimeline, type Timeline } from '../../timeline/timeline';

/** What is being written. */
export type Composing = { mode: 'new' } | { mode: 'reply'; target: Message } | { mode: 'edit'; target: Message };

export interface Room {
  readonly chatId: string;
  readonly me: string;
  readonly timeline: Signal<Timeline>;
  /** Whether the first page is there. */
  readonly phase: Signal<'loading' | 'ready' | 'failed'>;
  readonly problem: Signal<Problem | null>;
  /** What happens in the room comes in. */
  readonly isSubscribed: Signal<boolean>;
  /** It has been followed before: what is not followed now is being caught up with. */
  wasSubscribed: boolean;
  /** Entries of the log that are there and have not come yet. */
  readonly behind: Signal<number>;
  /** Messages of others that came while one looked elsewhere. */
  readonly newCount: Signal<number>;
  /** How far the user had read when the room was opened. */
  readAtOpening: Pick<Chat, 'unread' | 'read_offset' | 'epoch'> | undefined;
  /** The message that was the first unread one when the room was opened: a line is drawn above it. */
  readonly unreadFrom: Signal<string | null>;
  /** People who are here now; null: not known. */
  readonly here: Signal<number | null>;
  /** Ids of those who are typing. */
  readonly typing: Signal<readonly string[]>;
  readonly composing: Signal<Composing>;
  /** Why there is no room any more. */
  readonly ended: Signal<'removed' | 'deleted' | null>;
  /** The message to bring into view, told to the list; `mark`: and to point out. */
  readonly target: Signal<{ messageId: string; mark: boolean } | 'end' | null>;
  /** The newest message that is in view: memory is kept around it. */
  lookedAtId: string | undefined;
  /** The list is at its end. */
  readonly isAtBottom: Signal<boolean>;
  /** The room is left: what comes back late is dropped. */
  isClosed: boolean;
  /** Ends what follows the room. */
  readonly endings: Array<() => void>;
}

export function newRoom(chatId: string, me: string): Room {
  return {
    chatId,
    me,
    timeline: signal(emptyTimeline),
    phase: signal('loading'),
    problem: signal(null),
    isSubscribed: signal(false),
    wasSubscribed: false,
    behind: signal(0),
    newCount: signal(0),
    readAtOpening: undefined,
    unreadFrom: signal(null),
    here: signal(null),
    typing: signal([]),
    composing: signal({ mode: 'new' }),
    ended: signal(null),
    target: signal(null),
    lookedAtId: undefined,
    isAtBottom: signal(true),
    isClosed: false,
    endings: [],
  };
}
