// A button that shows an icon and has a name.
import type { JSX } from 'preact';
import { Icon, type IconName } from './icons';

interface Props {
  icon: IconName;
  name: string;
  onClick?: (event: MouseEvent) => void;
  disabled?: boolean;
  /** Of a button that shows and hides something. */
  expanded?: boolean;
  type?: 'button' | 'submit';
  class?: string;
}

export function IconButton({ icon, name, onClick, disabled, expanded, type = 'button', class: extra = '' }: Props): JSX.Element {
  return (
    <button
      class={`icon-button ${extra}`}
      type={type}
      aria-label={name}
      title={name}
      disabled={disabled}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
