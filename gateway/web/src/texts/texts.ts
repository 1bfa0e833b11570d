// Words of the page in the language that is chosen. Every key is in every language (tests/texts.test.ts).
import { language } from '../state/preferences';
import { en } from './en';
import { ru } from './ru';

export type Key = keyof typeof en;
export type Params = Record<string, string | number>;

/** A text, or its forms by the number `n`. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Texts = Record<Key, Text>;

export const languages: Record<string, Texts> = { en, ru };

const rules = new Map<string, Intl.PluralRules>();

function form(text: Text, params: Params): string {
  if (typeof text === 'string') return text;
  let rule = rules.get(language.value);
  if (!rule) {
    rule = new Intl.PluralRules(language.value);
    rules.set(language.value, rule);
  }
  return text[rule.select(Number(params.n ?? 0))] ?? text.other ?? '';
}

/** The words for `key`; `{name}` in them is filled in from `params`. */
export function t(key: Key, params: Params = {}): string {
  const text = (language.value === 'ru' ? ru : en)[key];
  return form(text, params).replace(/\{(\w+)\}/g, (_, name: string) => shown(params[name]));
}

const shown = (value: string | number | undefined) => (typeof value === 'number' ? value.toLocaleString(language.value) : (value ?? ''));
