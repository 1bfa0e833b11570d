import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_ANSWER, Problem } from '../src/api/problem';
import { chooseLanguage, preferredLanguage } from '../src/state/preferences';
import { cleanContent, cleanLine, initials, shortened } from '../src/texts/clean';
import { errorKey, errorWords } from '../src/texts/errors';
import { languages, type Text, t } from '../src/texts/texts';

const forms = (text: Text): string[] => (typeof text === 'string' ? [text] : Object.values(text));
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test('every text is in every language, with the same things to fill in', () => {
  const { en, ru } = languages as unknown as { en: Record<string, Text>; ru: Record<string, Text> };
  expect(Object.keys(ru).sort()).toEqual(Object.keys(en).sort());
  for (const [key, text] of Object.entries(en)) {
    const wanted = names(forms(text).at(-1) ?? '');
    for (const form of forms(ru[key] as Text)) expect([key, names(form)]).toEqual([key, wanted]);
    for (const form of forms(text)) expect(form).not.toBe('');
  }
});

test('every code that the server has is told in words of its own, in both languages', () => {
  // As the server has them, of the protocol and of HTTP.
  const table = readFileSync(new URL('../../../engine/protocol/src/code.rs', import.meta.url), 'utf8');
  const rows = [...table.matchAll(/^ {4}\w+ = (\d+), (\d+),/gm)];
  expect(rows.length).toBeGreaterThan(15);
  const codes = new Set([NO_ANSWER, ...rows.flatMap(([, code, status]) => [Number(code), Number(status)])]);
  for (const code of codes) {
    expect(errorKey(code)).not.toBe('errorUnknown');
    for (const language of ['en', 'ru'] as const) {
      chooseLanguage(language);
      expect(errorWords(new Problem(code, ''))).not.toMatch(/[{}]/);
    }
  }
});

test('too many requests are told with the time, in the form that the number wants', () => {
  chooseLanguage('ru');
  expect(errorWords(new Problem(429, '', 21_000))).toContain('через 21 секунду');
  expect(errorWords(new Problem(111, '', 3_000))).toContain('через 3 секунды');
  chooseLanguage('en');
  expect(errorWords(new Problem(429, '', 1_000))).toContain('in 1 second.');
  expect(t('newMessages', { n: 1200 })).toBe('1,200 new messages');
});

test('the first language that the page knows is taken', () => {
  expect(preferredLanguage(['de', 'ru-RU', 'en'])).toBe('ru');
  expect(preferredLanguage(['en-US', 'ru'])).toBe('en');
  expect(preferredLanguage(['de'])).toBe('en');
});

test('names lose what would change how their neighbours look, and messages what the server refuses', () => {
  expect(cleanLine('\u202Eann\u202C\n<b>\u0007  x\u2066')).toBe('ann <b> x');
  expect(cleanContent('a\r\nb\tc\u0000\u0007')).toBe('a\nb\tc');
  expect(initials('Анна Петрова')).toBe('АП');
  expect(initials('…')).toBe('#');
});

test('a text is never cut within a character', () => {
  expect(shortened('ab🎉cd', 3)).toBe('ab…');
  expect(shortened('ab🎉cd', 4)).toBe('ab🎉…');
  expect(shortened('ab', 2)).toBe('ab');
});
