// What a person chose for this browser: language and theme. Without a choice the browser's own settings hold.
import { effect, signal } from '@preact/signals';
import { keep, kept } from '../store/small';

export type Language = 'en' | 'ru';
export type Theme = 'auto' | 'light' | 'dark';

const LANGUAGE_KEY = 'plenum.language';
const THEME_KEY = 'plenum.theme';

/** The language of these, the most wanted first. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('ru')) return 'ru';
    if (language.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

function firstLanguage(): Language {
  const chosen = kept(LANGUAGE_KEY);
  return chosen === 'en' || chosen === 'ru' ? chosen : preferredLanguage(navigator.languages);
}

function firstTheme(): Theme {
  const chosen = kept(THEME_KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
}

export const language = signal<Language>(firstLanguage());
export const theme = signal<Theme>(firstTheme());

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  keep(LANGUAGE_KEY, chosen);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  keep(THEME_KEY, chosen === 'auto' ? null : chosen);
}

/** Lets the document follow. */
export function applyPreferences(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}
