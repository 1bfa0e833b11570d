// What can go wrong with a call, whichever way it travelled; texts/errors.ts has the words for it.

/** The code of a call that got no answer at all. */
export const NO_ANSWER = 0;

/** A failed call. */
export class Problem extends Error {
  constructor(
    /** The server's code: of the protocol, or the status of HTTP; `NO_ANSWER` when nobody answered. */
    readonly code: number,
    /** The server's words, in English. */
    readonly detail: string,
    /** Milliseconds after which it may be tried again, where the server says so. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail || `code ${code}`);
    this.name = 'Problem';
  }

  /** Whether the same call may succeed later. */
  get isTemporary(): boolean {
    return this.code < 100 || [100, 109, 110, 111, 401, 408, 429, 500, 502, 503, 504].includes(this.code);
  }
}

/** Whatever was thrown, as a problem. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'number') {
    const words = 'message' in thrown && typeof thrown.message === 'string' ? thrown.message : '';
    // DOMException has a code too, of another meaning.
    if (!(thrown instanceof Error)) return new Problem(thrown.code, words);
  }
  return new Problem(NO_ANSWER, thrown instanceof Error ? thrown.message : '');
}
