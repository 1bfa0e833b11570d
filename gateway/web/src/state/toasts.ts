// Short notices: what went wrong and what to do, or that something was done.
import { signal } from '@preact/signals';
import { problemOf } from '../api/problem';
import { errorWords } from '../texts/errors';
import { type Key, type Params, t } from '../texts/texts';

export interface Toast {
  id: number;
  kind: 'notice' | 'error';
  text: string;
}

const SHOWN_MS = 7_000;
const SHOWN_AT_ONCE_MAX = 3;

export const toasts = signal<Toast[]>([]);
let last = 0;

function show(kind: Toast['kind'], text: string): void {
  last += 1;
  const id = last;
  const others = toasts.value.filter((one) => one.text !== text);
  toasts.value = [...others, { id, kind, text }].slice(-SHOWN_AT_ONCE_MAX);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export const toast = (key: Key, params?: Params) => show('notice', t(key, params));

/** Tells what was thrown, in words and with what to do. */
export const toastProblem = (thrown: unknown) => show('error', errorWords(problemOf(thrown)));
