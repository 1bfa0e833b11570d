// How a message stands among its neighbours: whether a new day, another author or the unread ones begin with it. Pure.
import type { Message } from '../api/types';

/** Messages of one author within this time stand together. */
const GROUP_MS = 5 * 60_000;

export interface Standing {
  /** A day begins with it. */
  startsDay: boolean;
  /** It is the first of its author's group. */
  startsGroup: boolean;
  /** It is the last one. */
  endsGroup: boolean;
}

type Placed = Pick<Message, 'sender' | 'created'>;

const dayOf = (created: string) => new Date(created).toDateString();

const belongTogether = (one: Placed, other: Placed) =>
  one.sender === other.sender &&
  Math.abs(Date.parse(other.created) - Date.parse(one.created)) < GROUP_MS &&
  dayOf(one.created) === dayOf(other.created);

export function standing(before: Placed | undefined, message: Placed, after: Placed | undefined): Standing {
  return {
    startsDay: !before || dayOf(before.created) !== dayOf(message.created),
    startsGroup: !before || !belongTogether(before, message),
    endsGroup: !after || !belongTogether(message, after),
  };
}
