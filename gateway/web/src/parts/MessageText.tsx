// The text of a message: as text, whatever it holds. Addresses become links; a very long one is shown in part until it is asked for.
import type { ComponentChild, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shortened } from '../texts/clean';
import { t } from '../texts/texts';

const CHARACTERS_SHOWN = 1_500;
const LINES_SHOWN = 24;
const ADDRESS = /https?:\/\/[^\s<>"'`]+/g;

/** The beginning that is shown of a long text; the text itself when it is not long. */
export function beginning(text: string): string {
  let end = -1;
  for (let line = 0; line < LINES_SHOWN; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) break;
  }
  return shortened(end < 0 ? text : text.slice(0, end), CHARACTERS_SHOWN);
}

/** Texts and addresses, one after the other; addresses at odd places. */
export function parts(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    // What ends a sentence belongs to the sentence.
    const address = match[0].replace(/[.,:;!?)\]}]+$/, '');
    found.push(text.slice(from, match.index), address);
    from = match.index + address.length;
  }
  found.push(text.slice(from));
  return found;
}

const linked = (text: string): ComponentChild[] =>
  parts(text).map((part, place) =>
    place % 2 === 0 ? (
      part
    ) : (
      <a key={place} href={part} target="_blank" rel="noopener noreferrer nofollow ugc">
        {part}
      </a>
    ),
  );

export function MessageText({ text }: { text: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const short = beginning(text);
  const isLong = short !== text;
  return (
    <>
      <div class="message-text" dir="auto">
        {linked(isWhole ? text : short)}
      </div>
      {isLong && (
        <button class="link" type="button" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? t('showLess') : t('showAll')}
        </button>
      )}
    </>
  );
}
