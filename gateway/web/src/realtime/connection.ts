// What is known of the connection, for everybody who shows it or waits for it. realtime/client.ts writes it.
import { signal } from '@preact/signals';

export interface Connection {
  /** `stopped`: nobody is signed in, or the server said not to come back. */
  kind: 'stopped' | 'connecting' | 'connected';
  /** Since when there is none, in milliseconds of this device's clock; null while there is one, and before the first one failed. */
  lostAt: number | null;
  /** When the next attempt begins. */
  retryAt: number | null;
  /** `websocket`, `http_stream` or `sse`; what was used last. */
  transport: string;
  /** The server's code for the end, where it said not to come back. */
  endCode: number | null;
}

export const noConnection: Connection = { kind: 'stopped', lostAt: null, retryAt: null, transport: '', endCode: null };

export const connection = signal<Connection>(noConnection);
