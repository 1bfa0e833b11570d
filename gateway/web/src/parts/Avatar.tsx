// The picture beside a name: its first letters on a colour that stays the same.
import type { JSX } from 'preact';
import { initials } from '../texts/clean';

const HUES = 8;

function hueOf(id: string): number {
  let sum = 0;
  for (let place = 0; place < id.length; place += 1) sum = (sum * 31 + id.charCodeAt(place)) % 65_521;
  return sum % HUES;
}

export function Avatar({ id, name, small = false }: { id: string; name: string; small?: boolean }): JSX.Element {
  return (
    <span class={`avatar${small ? ' avatar-small' : ''}`} data-hue={hueOf(id)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
