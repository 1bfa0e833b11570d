/** Tokens of an outside identity provider, made as such a provider makes them (JWT, HS256). */
import { createHmac } from 'node:crypto';

import { JWT_SECRET } from './node.js';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A signed token with these claims. */
export function jwt(claims, secret = JWT_SECRET) {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** A connection token for a user; without `seconds` it never expires. */
export function connectionToken(user, seconds) {
  return jwt(seconds === undefined ? { sub: user } : { sub: user, exp: nowSeconds() + seconds });
}

/** A subscription token: admits the user to one channel. */
export function subscriptionToken(user, channel, seconds) {
  return jwt(seconds === undefined ? { sub: user, channel } : { sub: user, channel, exp: nowSeconds() + seconds });
}
