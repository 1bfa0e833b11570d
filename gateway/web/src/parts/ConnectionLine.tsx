// The connection as it is: live, catching up, or gone since when. The seconds to the next attempt are for the eye; screen readers are told
// of changes only.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { reconnectNow } from '../realtime/client';
import { connection } from '../realtime/connection';
import { type Line, lineOf } from '../realtime/line';
import { openRoom } from '../state/room/open';
import { timeOfDay } from '../texts/dates';
import { t } from '../texts/texts';
import { IconButton } from './IconButton';

/** A room that is being opened is not followed for a moment: that is worth no word until it lasts. */
const OPENING_MS = 400;

const TRANSPORTS: Record<string, string> = { websocket: 'WebSocket', http_stream: 'HTTP stream', sse: 'Server-sent events' };

function words({ state, behind, since }: Line): string {
  switch (state) {
    case 'live':
      return t('live');
    case 'catching-up':
      return behind > 0 ? t('catchingUp', { n: behind }) : t('catchingUpUnknown');
    case 'offline':
      return t('offlineSince', { time: timeOfDay(new Date(since ?? 0)) });
    default:
      return t('connecting');
  }
}

/** The line now. */
function useLine(): Line {
  const [now, setNow] = useState(Date.now());
  const room = openRoom.value;
  const followed = room && !room.ended.value ? { isSubscribed: room.isSubscribed.value, behind: room.behind.value } : null;
  const line = lineOf(connection.value, followed, now);
  const [isLasting, setLasting] = useState(false);
  const isOpening = line.state === 'catching-up' && !room?.wasSubscribed;
  useEffect(() => {
    if (!isOpening) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), OPENING_MS);
    return () => clearTimeout(timer);
  }, [isOpening]);
  const counts = line.state === 'offline';
  useEffect(() => {
    if (!counts) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [counts]);
  return isOpening && !isLasting ? { ...line, state: 'live' } : line;
}

export function ConnectionLine(): JSX.Element {
  const line = useLine();
  const [isOpen, setOpen] = useState(false);
  const { transport } = connection.value;
  const shown = TRANSPORTS[transport] ?? t('transportNone');
  return (
    <div class="connection" data-state={line.state}>
      <span class="connection-dot" aria-hidden="true" />
      <span class="connection-words" role="status" data-connection={line.state} data-transport={transport}>
        {words(line)}
      </span>
      {line.state === 'offline' && (
        <>
          <span class="connection-retry" aria-hidden="true">
            {line.retryInSeconds === null ? t('reconnecting') : t('reconnectingIn', { n: line.retryInSeconds })}
          </span>
          <button class="link" type="button" onClick={reconnectNow}>
            {t('reconnectNow')}
          </button>
        </>
      )}
      <IconButton icon="details" name={t('details')} expanded={isOpen} class="connection-details" onClick={() => setOpen(!isOpen)} />
      {isOpen && <p class="connection-more">{t('transportIs', { transport: shown })}</p>}
    </div>
  );
}
