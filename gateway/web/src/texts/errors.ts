// Every failure in words, with what to do.
import { NO_ANSWER, type Problem } from '../api/problem';
import { type Key, t } from './texts';

/** The words for a code; codes of HTTP and of the protocol that mean the same have the same words. */
export function errorKey(code: number): Key {
  switch (code) {
    case NO_ANSWER:
      return 'errorNoAnswer';
    case 1:
    case 408:
      return 'errorTimeout';
    case 101:
    case 109:
    case 110:
    case 401:
      return 'errorUnauthorized';
    case 103:
    case 403:
      return 'errorForbidden';
    case 102:
    case 104:
    case 404:
      return 'errorNotFound';
    case 106:
      return 'errorLimit';
    case 107:
    case 400:
      return 'errorMalformed';
    case 108:
      return 'errorNotAvailable';
    case 105:
    case 409:
      return 'errorConflict';
    case 112:
    case 410:
      return 'errorGone';
    case 413:
      return 'errorTooLarge';
    case 422:
      return 'errorInvalid';
    case 111:
    case 429:
      return 'errorTooMany';
    case 100:
    case 502:
    case 503:
    case 504:
      return 'errorUnavailable';
    default:
      if (code < 100) return 'errorNoAnswer';
      return code >= 500 && code < 600 ? 'errorInternal' : 'errorUnknown';
  }
}

/** The same for a whole problem: with the time to wait, and with the server's own words where they say more. */
export function errorWords(problem: Problem): string {
  const key = errorKey(problem.code);
  const seconds = Math.max(1, Math.ceil((problem.retryAfterMs ?? 1_000) / 1_000));
  const words = t(key, { n: seconds, code: problem.code });
  const hasMore = ['errorInvalid', 'errorConflict', 'errorMalformed', 'errorUnknown'].includes(key) && problem.detail;
  return hasMore ? `${words} (${problem.detail})` : words;
}
