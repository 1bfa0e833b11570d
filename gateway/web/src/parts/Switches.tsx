// The language and the theme, each changed with one press.
import type { JSX } from 'preact';
import { chooseLanguage, chooseTheme, language, type Theme, theme } from '../state/preferences';
import { t } from '../texts/texts';
import { IconButton } from './IconButton';

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const THEME_NAMES = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const;

export function Switches(): JSX.Element {
  const isRussian = language.value === 'ru';
  const other = isRussian ? 'English' : 'Русский';
  return (
    <>
      <button
        class="icon-button language"
        type="button"
        lang={isRussian ? 'en' : 'ru'}
        onClick={() => chooseLanguage(isRussian ? 'en' : 'ru')}
      >
        {other}
      </button>
      <IconButton icon={theme.value} name={t(THEME_NAMES[theme.value])} onClick={() => chooseTheme(NEXT[theme.value])} />
    </>
  );
}
