// People: found by name, and shown by their ids.
import { call, page } from './http';
import type { User } from './types';

export const searchPeople = (q: string) => page<User>('/user', { query: { q, limit: 20 } });

/** Most ids in one question. */
export const PEOPLE_AT_ONCE_MAX = 100;

export const peopleByIds = (ids: string[]) => call<User[]>('/users', { query: { ids: ids.join(',') } });
