// Where one is in the page: the address says it, so that links, reloads and the browser's back button work.
import { signal } from '@preact/signals';

export type Route =
  /** A link into a room: /join/CODE. */
  | { view: 'join'; code: string }
  /** #/chats/ID; without a chat the list. */
  | { view: 'chats'; chatId: string | null };

/** The route of an address. */
export function routeOf(pathname: string, hash: string): Route {
  const code = pathname.match(/^\/join\/([^/]+)\/?$/)?.[1];
  if (code) return { view: 'join', code: decoded(code) };
  return { view: 'chats', chatId: hash.match(/^#\/chats\/([^/?]+)$/)?.[1] ?? null };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal<Route>(routeOf(location.pathname, location.hash));

const follow = () => {
  route.value = routeOf(location.pathname, location.hash);
};
addEventListener('hashchange', follow);
addEventListener('popstate', follow);

export const chatAddress = (chatId: string) => `/#/chats/${chatId}`;

/** Goes to a chat. `replacing`: the place where one was is none to come back to. */
export function openChat(chatId: string, replacing = false): void {
  go(chatAddress(chatId), replacing);
}

export function openChats(replacing = false): void {
  go('/#/', replacing);
}

function go(address: string, replacing: boolean): void {
  history[replacing ? 'replaceState' : 'pushState'](null, '', address);
  follow();
}
