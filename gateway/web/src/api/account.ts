// Coming in: by password, by registering, by a link, as the demo user; and leaving.
import { call } from './http';
import type { Demo, Greeting, GuestLogin, Login } from './types';

export const login = (username: string, password: string) =>
  call<Login>('/login', { method: 'POST', body: { username, password }, open: true });

export const register = (username: string, password: string) =>
  call<Login>('/register', { method: 'POST', body: { username, password }, open: true });

export const refresh = (refresh_token: string) => call<Login>('/refresh', { method: 'POST', body: { refresh_token }, open: true });

export const logout = () => call<unknown>('/logout', { method: 'POST', body: {} });

/** Who joins is a guest of this name, unless they are signed in already. */
export const joinAsGuest = (code: string, name: string) => call<GuestLogin>('/join', { method: 'POST', body: { code, name }, open: true });

/** The room behind a link. */
export const greeting = (code: string) => call<Greeting>(`/invitation/${encodeURIComponent(code)}`, { open: true });

/** The demo user, where the node has one. */
export const demo = () => call<Demo>('/demo.json', { open: true });
