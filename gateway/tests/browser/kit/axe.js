/** axe-core, put into the page past its policy (over the debugging protocol): what it finds wrong for people who do not see or point. */
import axe from 'axe-core';

/** Everything that is wrong with what the page shows now, and where: none is what it should be. */
export async function violationsOf(page) {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  });
}
