/** Accounts and calls over plain HTTP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

export const PASSWORD = 'correct horse battery staple';

/** One HTTP call; resolves with the JSON of the answer, which must have the given status. */
export async function http(node, method, path, { token, body, status = 200, headers = {} } = {}) {
  const answer = await fetch(`${node.http}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path} answers ${text}`);
  return text === '' ? null : JSON.parse(text);
}

/** Registers somebody; without a name, somebody nobody has heard of. */
export async function register(node, username = `user-${randomUUID().slice(0, 8)}`) {
  const answer = await http(node, 'POST', '/register', { body: { username, password: PASSWORD }, status: 201 });
  return { username, userId: answer.user_id, token: answer.access_token, refreshToken: answer.refresh_token };
}
