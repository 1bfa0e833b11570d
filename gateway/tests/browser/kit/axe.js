/** axe-core, put into the page past its policy (over the debugging protocol): what it finds wrong for people who do not see or point. */
import assert from 'node:assert/strict';

import axe from 'axe-core';

/** Fails with every violation and where it is. */
export async function isAccessible(page, view) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`) }));
  });
  assert.deepEqual(violations, [], view);
}
