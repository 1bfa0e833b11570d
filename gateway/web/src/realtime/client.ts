// The realtime connection: the official SDK with this node's addresses. It reconnects, recovers and falls back by itself.
import { Centrifuge, type ServerPublicationContext, UnauthorizedError } from 'centrifuge';
import { Problem } from '../api/problem';
import { currentToken, refreshedToken, session } from '../state/session';
import { onReconnectDelay } from './backoff';
import { type Connection, connection, noConnection } from './connection';
import { setClient } from './rpc';

/** The user's own events: server-side, on every device. */
type OwnEvent = (event: string, data: unknown) => void;

interface Listeners {
  own: OwnEvent;
  /** There is a connection (again); hints that were sent meanwhile are lost. */
  connected: () => void;
}

const endpoints = () => {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return [
    { transport: 'websocket' as const, endpoint: `${scheme}://${location.host}/connection/websocket` },
    { transport: 'http_stream' as const, endpoint: '/connection/http_stream' },
    { transport: 'sse' as const, endpoint: '/connection/sse' },
  ];
};

/** The server's code for a token that it does not take. */
const INVALID_TOKEN = 3500;

let client: Centrifuge | null = null;

export const realtime = (): Centrifuge | null => client;

const change = (part: Partial<Connection>) => {
  connection.value = { ...connection.value, ...part };
};

/** Asked at the first connection, and when the server says that the token has ended. */
async function token(): Promise<string> {
  try {
    const held = session.value?.access_token ?? '';
    return asked.has(held) ? await refreshedToken() : await currentToken();
  } catch (thrown) {
    if (thrown instanceof Problem && [101, 401].includes(thrown.code)) throw new UnauthorizedError('');
    throw thrown;
  } finally {
    asked.add(session.value?.access_token ?? '');
  }
}

/** Tokens that the connection has been given already: when it asks again they have ended. */
const asked = new Set<string>();

export function connect(listeners: Listeners): void {
  disconnect();
  const made = new Centrifuge(endpoints(), { getToken: token, name: 'page', minReconnectDelay: 500, maxReconnectDelay: 15_000 });
  client = made;
  setClient(made);
  change({ ...noConnection, kind: 'connecting' });
  onReconnectDelay(made, (delayMs) => change({ retryAt: Date.now() + delayMs, lostAt: connection.value.lostAt ?? Date.now() }));
  made.on('connected', ({ transport }) => {
    change({ kind: 'connected', lostAt: null, retryAt: null, transport });
    listeners.connected();
  });
  made.on('connecting', () => {
    const lostAt = connection.value.kind === 'connected' ? Date.now() : connection.value.lostAt;
    change({ kind: 'connecting', lostAt });
  });
  made.on('disconnected', ({ code }) => {
    change({ kind: 'stopped', lostAt: connection.value.lostAt ?? Date.now(), retryAt: null, endCode: code });
    if (code === INVALID_TOKEN) void renew(made);
  });
  made.on('publication', ({ data }: ServerPublicationContext) => {
    const { event, data: object } = data as { event: string; data: unknown };
    listeners.own(event, object);
  });
  made.connect();
}

/** The server does not take the token any more: another one may do, and if there is none the login has ended. */
async function renew(made: Centrifuge): Promise<void> {
  try {
    await refreshedToken();
    if (made === client) made.connect();
  } catch {
    // state/session.ts has told it, or the line says that there is no connection.
  }
}

/** Ends the connection, if there is one. */
export function disconnect(): void {
  const ended = client;
  client = null;
  setClient(null);
  ended?.removeAllListeners();
  ended?.disconnect();
  connection.value = noConnection;
}

/** Tries again now: somebody does not want to wait, or was sent away. */
export function reconnectNow(): void {
  if (!client || connection.value.kind === 'connected') return;
  client.disconnect();
  client.connect();
}
