// The link into a room, to read, to copy, and as a code for phones.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { encode } from 'uqr';
import { invitation } from '../../api/chats';
import { problemOf } from '../../api/problem';
import { copy } from '../../parts/copy';
import { Dialog } from '../../parts/Dialog';
import { Icon } from '../../parts/icons';
import { Trouble } from '../../parts/Trouble';
import { toast } from '../../state/toasts';
import { errorWords } from '../../texts/errors';
import { t } from '../../texts/texts';

export function Invite({ chatId, onClose }: { chatId: string; onClose: () => void }): JSX.Element {
  const link = useSignal('');
  const trouble = useSignal('');
  useEffect(() => {
    invitation(chatId).then(
      ({ path }) => {
        link.value = new URL(path, location.origin).href;
      },
      (thrown) => {
        trouble.value = errorWords(problemOf(thrown));
      },
    );
  }, [chatId]);
  return (
    <Dialog title={t('invite')} onClose={onClose}>
      <Trouble words={trouble.value} />
      {!trouble.value && !link.value && <p>{t('loading')}</p>}
      {link.value && <Link link={link.value} />}
    </Dialog>
  );
}

function Link({ link }: { link: string }): JSX.Element {
  const copyLink = async (event: MouseEvent) => {
    const field = (event.currentTarget as HTMLElement).closest('.invite-body')?.querySelector('input');
    toast((await copy(link, field ?? null)) ? 'copied' : 'copyFailed');
  };
  return (
    <div class="invite-body">
      <p>{t('inviteLead')}</p>
      <QrCode text={link} name={t('qrCode')} />
      <p class="invite-link">
        <a href={link}>{link}</a>
      </p>
      <label class="visually-hidden">
        {t('link')}
        <input readOnly tabIndex={-1} value={link} />
      </label>
      <button class="button primary" type="button" onClick={(event) => void copyLink(event)}>
        <Icon name="copy" size={18} />
        {t('copyLink')}
      </button>
    </div>
  );
}

function QrCode({ text, name }: { text: string; name: string }): JSX.Element {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const squares = data.flatMap((line, y) => line.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name} shape-rendering="crispEdges">
      <path d={squares.join('')} />
    </svg>
  );
}
