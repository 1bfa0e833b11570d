/** Comparing JSON values of any depth: assert.deepEqual recurses and gives up long before ten thousand levels. */
import assert from 'node:assert/strict';

/** Fails unless both values are the same JSON; -0 and 0 count as the same number. */
export function sameJson(actual, expected, what) {
  const pairs = [[actual, expected]];
  while (pairs.length > 0) {
    const [left, right] = pairs.pop();
    if (left === right) continue;
    const isObject = (value) => typeof value === 'object' && value !== null;
    const comparable = isObject(left) && isObject(right) && Array.isArray(left) === Array.isArray(right);
    const keys = comparable ? Object.keys(right) : [];
    if (!comparable || Object.keys(left).length !== keys.length || keys.some((key) => !Object.hasOwn(left, key))) {
      assert.deepEqual(left, right, what);
      assert.fail(`${what}: not the same`);
    }
    for (const key of keys) pairs.push([left[key], right[key]]);
  }
}
