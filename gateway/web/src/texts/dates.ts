// Times and days in words of the language that is chosen.
import { language } from '../state/preferences';
import { t } from './texts';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language.value === 'ru' ? 'ru' : 'en-GB', options);
    formats.set(key, found);
  }
  return found;
}

export const timeOfDay = (date: Date): string => format('time', { hour: '2-digit', minute: '2-digit' }).format(date);

export const exactTime = (date: Date): string => format('exact', { dateStyle: 'long', timeStyle: 'short' }).format(date);

function daysAgo(date: Date, now: Date): number {
  const midnight = (of: Date) => Date.UTC(of.getFullYear(), of.getMonth(), of.getDate());
  return Math.round((midnight(now) - midnight(date)) / 86_400_000);
}

/** A day as it stands above its messages. */
export function dayInWords(date: Date, now = new Date()): string {
  const ago = daysAgo(date, now);
  if (ago === 0) return t('today');
  if (ago === 1) return t('yesterday');
  const isThisYear = date.getFullYear() === now.getFullYear();
  return format(isThisYear ? 'day' : 'day-year', { day: 'numeric', month: 'long', ...(isThisYear ? {} : { year: 'numeric' }) }).format(
    date,
  );
}

/** A moment in a list: the time today, else the day. */
export function shortMoment(date: Date, now = new Date()): string {
  if (daysAgo(date, now) === 0) return timeOfDay(date);
  if (daysAgo(date, now) === 1) return t('yesterday');
  return format('short', { day: 'numeric', month: 'short' }).format(date);
}
