// The notices, told to screen readers too: what failed at once, the rest when there is a pause.
import type { JSX } from 'preact';
import { dismiss, toasts } from '../state/toasts';
import { t } from '../texts/texts';
import { IconButton } from './IconButton';

export function Toasts(): JSX.Element {
  return (
    <div class="toasts">
      {toasts.value.map(({ id, kind, text }) => (
        <div key={id} class={`toast toast-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
          <span class="toast-text">{text}</span>
          <IconButton icon="close" name={t('close')} onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
