// Texts of other people, made safe to show. They are only ever shown as text; what is left is characters that change how their neighbours look.

// Control characters, marks that turn the direction of writing, and invisible fillers.
const IN_LINES = /[\p{Cc}\u061C\u200B\u200E\u200F\u2028\u2029\u202A-\u202E\u2060-\u2069\uFEFF]/gu;
const IN_MESSAGES = /\r\n?|[^\P{Cc}\n\t]/gu;

/** A name or a title: one line without anything invisible in it. */
export const cleanLine = (text: string): string => text.replace(IN_LINES, ' ').replace(/\s+/g, ' ').trim();

/** A text to send: line breaks and tabs are the only control characters that the server takes. */
export const cleanContent = (text: string): string => text.replace(IN_MESSAGES, (found) => (found.startsWith('\r') ? '\n' : ''));

/** The first letters of a name, for the picture beside it. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? '');
  return letters.join('').toLocaleUpperCase() || '#';
}

/** At most `max` characters, with a sign that there was more. Never cuts a character apart. */
export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max);
  const end = cut.charCodeAt(max - 1);
  return `${end >= 0xd800 && end <= 0xdbff ? cut.slice(0, -1) : cut}…`;
}

/** Bytes in UTF-8, as the server counts. */
export const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
