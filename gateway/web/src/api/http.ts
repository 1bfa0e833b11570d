// Calls over HTTP. Everything that the page asks the server goes through here or through realtime/; nothing is sent to anybody else.
import { NO_ANSWER, Problem } from './problem';
import type { Page } from './types';

/** How long a call may take. */
const TIMEOUT_MS = 20_000;

/** Gives the token of the calls that need one; state/session.ts sets it. */
type Tokens = {
  /** A token that holds, or throws a `Problem`. */
  current: () => Promise<string>;
  /** The server did not take this one: the next `current` must be another one. */
  refused: (token: string) => void;
};

let tokens: Tokens | null = null;

export function setTokens(source: Tokens): void {
  tokens = source;
}

interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | null | undefined>;
  body?: unknown;
  /** Without a token: for whoever is not signed in. */
  open?: boolean;
}

/** One call, with its answer's object. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  return (await answered(path, options)).json() as Promise<T>;
}

/** One page of a list. */
export async function page<T>(path: string, options: Call = {}): Promise<Page<T>> {
  const answer = await answered(path, options);
  const next = nextCursor(answer.headers.get('link'));
  return { items: (await answer.json()) as T[], hasMore: next !== null, next };
}

/** The cursor in a `Link` header. */
function nextCursor(link: string | null): string | null {
  const address = link?.match(/<([^>]*)>;\s*rel="next"/)?.[1];
  return address ? new URL(address, 'http://page').searchParams.get('cursor') : null;
}

async function answered(path: string, options: Call): Promise<Response> {
  if (options.open) return sent(path, options, null);
  if (!tokens) throw new Problem(401, 'not signed in');
  const token = await tokens.current();
  try {
    return await sent(path, options, token);
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !isRefusedToken(thrown)) throw thrown;
    tokens.refused(token);
    return sent(path, options, await tokens.current());
  }
}

const isRefusedToken = (problem: Problem) => [101, 109, 401].includes(problem.code);

async function sent(path: string, options: Call, token: string | null): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method: options.method ?? 'GET', headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  let answer: Response;
  try {
    answer = await fetch(path + queryOf(options.query), init);
  } catch (thrown) {
    throw new Problem(NO_ANSWER, thrown instanceof Error ? thrown.message : '');
  }
  if (!answer.ok) throw await problem(answer);
  return answer;
}

function queryOf(query: Call['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

async function problem(answer: Response): Promise<Problem> {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  try {
    const { code, detail } = (await answer.json()) as { code?: number; detail?: string };
    // 100 is both "failed inside" and "try again": the status tells them apart.
    return new Problem(code && code !== 100 ? code : answer.status, detail ?? '', retryAfterMs);
  } catch {
    return new Problem(answer.status, answer.statusText, retryAfterMs);
  }
}
