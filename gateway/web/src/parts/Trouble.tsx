// What went wrong in a form, read out when it appears; nothing while all is well.
import type { JSX } from 'preact';

export function Trouble({ words }: { words: string | undefined }): JSX.Element | null {
  if (!words) return null;
  return (
    <p class="trouble" role="alert">
      {words}
    </p>
  );
}
