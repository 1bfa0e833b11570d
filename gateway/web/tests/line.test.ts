import { expect, test } from 'vitest';
import { noConnection } from '../src/realtime/connection';
import { lineOf } from '../src/realtime/line';
import { standing } from '../src/timeline/rows';
import { message } from './kit';

const connected = { ...noConnection, kind: 'connected' as const, transport: 'websocket' };

test('the line is live only when the open room has come to its end', () => {
  expect(lineOf(connected, null, 0).state).toBe('live');
  expect(lineOf(connected, { isSubscribed: true, behind: 0 }, 0).state).toBe('live');
  expect(lineOf(connected, { isSubscribed: true, behind: 7 }, 0)).toMatchObject({ state: 'catching-up', behind: 7 });
  expect(lineOf(connected, { isSubscribed: false, behind: 0 }, 0).state).toBe('catching-up');
});

test('the line says since when there is no connection and when the next attempt begins', () => {
  const lost = { ...noConnection, kind: 'connecting' as const, lostAt: 1_000, retryAt: 9_500 };
  expect(lineOf(lost, { isSubscribed: true, behind: 3 }, 5_000)).toEqual({ state: 'offline', behind: 0, since: 1_000, retryInSeconds: 5 });
  expect(lineOf(lost, null, 10_000).retryInSeconds).toBeNull();
  expect(lineOf({ ...lost, lostAt: null, retryAt: null }, null, 0).state).toBe('connecting');
});

test('messages of one author within five minutes of one day stand together', () => {
  const at = (minute: number, sender = 'ann') => message(1, { sender, created: new Date(2026, 0, 1, 12, minute).toISOString() });
  expect(standing(undefined, at(0), at(2))).toEqual({ startsDay: true, startsGroup: true, endsGroup: false });
  expect(standing(at(0), at(2), at(9))).toEqual({ startsDay: false, startsGroup: false, endsGroup: true });
  expect(standing(at(0), at(1, 'bob'), undefined)).toEqual({ startsDay: false, startsGroup: true, endsGroup: true });
  const nextDay = message(2, { created: new Date(2026, 0, 2, 0, 1).toISOString() });
  expect(standing(at(0), nextDay, undefined).startsDay).toBe(true);
});
