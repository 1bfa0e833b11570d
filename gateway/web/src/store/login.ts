// The login of this browser, in its local storage: all tabs have the same one, and a reload keeps it.
import type { Login } from '../api/types';

const KEY = 'plenum.login';

/** A login as it is kept. */
export interface KeptLogin {
  user_id: string;
  username: string;
  access_token: string;
  refresh_token: string;
  /** When the access token ends, by this device's clock. */
  expires_ms: number;
  /** Whoever came by a link: in one room, without an account. */
  is_guest?: boolean;
}

export const kept = (login: Login, now_ms: number, is_guest: boolean): KeptLogin => ({
  user_id: login.user_id,
  username: login.username,
  access_token: login.access_token,
  refresh_token: login.refresh_token,
  expires_ms: now_ms + login.expires_in * 1000,
  is_guest,
});

let memory: KeptLogin | null = null;

export function readLogin(): KeptLogin | null {
  try {
    const text = localStorage.getItem(KEY);
    return text ? (JSON.parse(text) as KeptLogin) : memory;
  } catch {
    return memory;
  }
}

export function writeLogin(login: KeptLogin | null): void {
  memory = login;
  try {
    if (login) localStorage.setItem(KEY, JSON.stringify(login));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is switched off: the login lives as long as the tab.
  }
}

/** Another tab has signed in, out, or refreshed. */
export function onLoginElsewhere(told: () => void): void {
  addEventListener('storage', (event) => {
    if (event.key === KEY || event.key === null) told();
  });
}
