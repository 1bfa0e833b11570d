// Signing out, in an order that nothing of the page disturbs.
import { disconnect } from '../realtime/client';
import { signOut } from './session';

/** The connection goes first: it would ask for a new token when the login ends under it. */
export async function leave(): Promise<void> {
  disconnect();
  await signOut();
}
