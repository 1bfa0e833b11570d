// A line of text to fill in, under its name.
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';

interface Asked {
  label: string;
  text: Signal<string>;
  name?: string;
  type?: 'text' | 'password' | 'search';
  autocomplete?: string;
  autocapitalize?: 'none';
  spellcheck?: boolean;
  required?: boolean;
  maxLength?: number;
  onKeyDown?: (event: KeyboardEvent) => void;
}

export function Field({ label, text, ...asked }: Asked): JSX.Element {
  // Of all kinds of inputs together the types say nothing.
  const input = asked as JSX.IntrinsicElements['input'];
  return (
    <label class="field">
      <span>{label}</span>
      <input
        {...input}
        value={text}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}
