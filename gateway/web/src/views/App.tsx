// What is shown: the door for who is not signed in, the chats for who is, and the invitation for who followed a link.
import type { JSX } from 'preact';
import { Toasts } from '../parts/Toasts';
import { route } from '../state/route';
import { session } from '../state/session';
import { Join } from './Join';
import { Shell } from './Shell';
import { SignIn } from './SignIn';

function view(): JSX.Element {
  if (route.value.view === 'join') return <Join code={route.value.code} />;
  return session.value ? <Shell /> : <SignIn />;
}

export function App(): JSX.Element {
  return (
    <>
      {view()}
      <Toasts />
    </>
  );
}
