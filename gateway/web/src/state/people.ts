// Names of people by their ids: asked for together, kept as long as the page lives.
import { signal } from '@preact/signals';
import { PEOPLE_AT_ONCE_MAX, peopleByIds } from '../api/people';
import type { User } from '../api/types';
import { cleanLine } from '../texts/clean';
import { t } from '../texts/texts';
import { session } from './session';

/** Questions gather for this long. */
const GATHER_MS = 40;
/** A question that failed is asked again after this time, when somebody looks at the person again. */
const ASK_AGAIN_MS = 15_000;

const known = signal<ReadonlyMap<string, string>>(new Map());
const askedAt = new Map<string, number>();
let wanted = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** The name that people see: the profile's, else the user name. */
export function displayName(user: Pick<User, 'username' | 'info'>): string {
  const own = typeof user.info?.name === 'string' ? cleanLine(user.info.name) : '';
  return own || cleanLine(user.username);
}

/** Remembers people whose profiles came with something else. */
export function learn(users: readonly User[]): void {
  const next = new Map(known.value);
  for (const user of users) next.set(user.user_id, displayName(user));
  known.value = next;
}

/** The name of a person; asked for when it is not known yet, and then whoever shows it is drawn again. Empty until it is known. */
export function nameOf(userId: string): string {
  if (userId === '') return t('system');
  const name = known.value.get(userId);
  if (name !== undefined) return name;
  want(userId);
  return userId === session.value?.user_id ? session.value.username : '';
}

function want(userId: string): void {
  // Ids of other providers may be anything; one with a comma can't be asked for.
  if (userId.includes(',')) return;
  const asked = askedAt.get(userId);
  if (asked !== undefined && Date.now() - asked < ASK_AGAIN_MS) return;
  askedAt.set(userId, Date.now());
  wanted.add(userId);
  if (timer === undefined) timer = setTimeout(() => void ask(), GATHER_MS);
}

async function ask(): Promise<void> {
  timer = undefined;
  const ids = [...wanted];
  wanted = new Set();
  for (let from = 0; from < ids.length; from += PEOPLE_AT_ONCE_MAX) {
    const part = ids.slice(from, from + PEOPLE_AT_ONCE_MAX);
    try {
      learn(await peopleByIds(part));
    } catch {
      // Shown without a name until somebody looks again.
    }
  }
}
