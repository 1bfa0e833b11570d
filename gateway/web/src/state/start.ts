// Puts the parts together when the page starts: who is signed in decides whether there is a connection.
import { effect, untracked } from '@preact/signals';
import { connect, disconnect } from '../realtime/client';
import { forgetChats, loadChats, onOwnEvent } from './chats';
import { followOutbox } from './outbox';
import { applyPreferences } from './preferences';
import { followRooms } from './room/open';
import { session } from './session';
import { followTitle } from './title';

export function start(): void {
  applyPreferences();
  let userId: string | null = null;
  effect(() => {
    const now = session.value?.user_id ?? null;
    if (now === userId) return;
    userId = now;
    untracked(() => follow(now !== null));
  });
  followOutbox();
  followRooms();
  followTitle();
}

function follow(isSignedIn: boolean): void {
  forgetChats();
  disconnect();
  if (!isSignedIn) return;
  // Also without a connection: the list says what is wrong.
  void loadChats();
  let isFirst = true;
  connect({
    own: onOwnEvent,
    connected: () => {
      if (!isFirst) void loadChats();
      isFirst = false;
    },
  });
}
