// What the connection line says: the truth about the connection and the open room in one word. Pure.
import type { Connection } from './connection';

export type LineState = 'live' | 'catching-up' | 'offline' | 'connecting';

export interface Line {
  state: LineState;
  /** Entries that have not come yet. */
  behind: number;
  /** Since when there is no connection, in milliseconds. */
  since: number | null;
  /** Seconds until the next attempt; null: it is under way, or there will be none. */
  retryInSeconds: number | null;
}

/** The open room, where there is one. */
export interface Followed {
  isSubscribed: boolean;
  behind: number;
}

export function lineOf(connection: Connection, room: Followed | null, now: number): Line {
  if (connection.kind !== 'connected') {
    const wait = connection.retryAt === null ? 0 : Math.ceil((connection.retryAt - now) / 1000);
    const state = connection.lostAt === null ? 'connecting' : 'offline';
    return { state, behind: 0, since: connection.lostAt, retryInSeconds: wait > 0 ? wait : null };
  }
  const behind = room?.behind ?? 0;
  const isBehind = behind > 0 || (room !== null && !room.isSubscribed);
  return { state: isBehind ? 'catching-up' : 'live', behind, since: null, retryInSeconds: null };
}
