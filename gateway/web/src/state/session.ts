// Who is signed in, and the token that proves it. One login for all tabs; it is refreshed by one tab at a time.
import { signal } from '@preact/signals';
import * as account from '../api/account';
import { setTokens } from '../api/http';
import { Problem } from '../api/problem';
import type { Login } from '../api/types';
import { alone } from '../store/lock';
import { type KeptLogin, kept, onLoginElsewhere, readLogin, writeLogin } from '../store/login';
import { toast } from './toasts';

/** A token that ends sooner than this is refreshed before it is used. */
const REFRESH_BEFORE_MS = 30_000;

export const session = signal<KeptLogin | null>(readLogin());

export function signIn(login: Login, isGuest = false): void {
  const now = kept(login, Date.now(), isGuest);
  writeLogin(now);
  session.value = now;
}

/** Leaves, also on the server. */
export async function signOut(): Promise<void> {
  const left = account.logout().catch(() => undefined);
  // The token is read before it is forgotten.
  await Promise.race([left, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  forget();
}

function forget(): void {
  writeLogin(null);
  session.value = null;
}

const isFresh = (login: KeptLogin) => login.expires_ms - Date.now() > REFRESH_BEFORE_MS;

/** Tokens that the server did not take although their time was not over. */
const refused = new Set<string>();

/** A token that holds. Throws a `Problem`. */
export async function currentToken(): Promise<string> {
  const login = session.value;
  if (!login) throw new Problem(401, 'not signed in');
  return isFresh(login) && !refused.has(login.access_token) ? login.access_token : refreshedToken();
}

/** A token that was given later than the one that this tab has. */
export function refreshedToken(): Promise<string> {
  // Access tokens of one second are the same text; refresh tokens never are.
  const old = session.value?.refresh_token;
  return alone('plenum-refresh', async () => {
    // Another tab may have done it while this one waited.
    const login = readLogin();
    if (!login) throw new Problem(401, 'not signed in');
    if (login.refresh_token !== old && isFresh(login)) {
      session.value = login;
      return login.access_token;
    }
    try {
      signIn(await account.refresh(login.refresh_token), login.is_guest);
    } catch (thrown) {
      if (thrown instanceof Problem && [101, 401].includes(thrown.code)) {
        forget();
        toast('signInEnded');
      }
      throw thrown;
    }
    return session.value?.access_token ?? '';
  });
}

setTokens({ current: currentToken, refused: (token) => refused.add(token) });

onLoginElsewhere(() => {
  session.value = readLogin();
});
