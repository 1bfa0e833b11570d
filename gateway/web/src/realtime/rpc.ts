// Verbs over the realtime connection. What must not wait for one goes over HTTP (api/).
import type { Centrifuge } from 'centrifuge';
import { NO_ANSWER, Problem, problemOf } from '../api/problem';

let current: Centrifuge | null = null;

/** The client whose connection is used; realtime/client.ts sets it. */
export function setClient(client: Centrifuge | null): void {
  current = client;
}

/** Calls a verb; without a connection it fails at once. */
export async function rpc<T>(method: string, params: unknown): Promise<T> {
  if (current?.state !== 'connected') throw new Problem(NO_ANSWER, 'not connected');
  try {
    return (await current.rpc(method, params)).data as T;
  } catch (thrown) {
    throw problemOf(thrown);
  }
}
