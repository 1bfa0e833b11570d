/** What a page costs its browser: tasks that block it, and bytes on the wire. */

/** Begins to count the tasks that keep the page from answering for more than 50 ms. */
export async function countsLongTasks(person) {
  await person.page.evaluate(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
}

/** { count, longest, total }: how many there were since, and milliseconds. */
export async function longTasks(person) {
  const durations = await person.page.evaluate(() => globalThis.longTasks);
  return {
    count: durations.length,
    longest: Math.round(Math.max(0, ...durations)),
    total: Math.round(durations.reduce((sum, duration) => sum + duration, 0)),
  };
}

/** Every answer from now on as it came over the wire, head and compressed body: a list that grows, of { path, bytes }. */
export async function watchesTheWire(person) {
  const wire = [];
  const paths = new Map();
  const session = await person.context.newCDPSession(person.page);
  session.on('Network.responseReceived', ({ requestId, response }) => paths.set(requestId, new URL(response.url).pathname));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength: bytes }) => wire.push({ path: paths.get(requestId), bytes }));
  await session.send('Network.enable');
  return wire;
}
