/** Repeatable randomness: the seed is printed, and STORY_SEED brings the same numbers again. */

/** A generator of whole numbers below `bound`, by mulberry32 (public domain). */
export function chance(t) {
  let state = Number(process.env.STORY_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`STORY_SEED=${state}`);
  console.log(`STORY_SEED=${state}`);
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) | 0;
      let bits = Math.imul(state ^ (state >>> 15), 1 | state);
      bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      return Math.floor(((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 * bound);
    },
  };
}
