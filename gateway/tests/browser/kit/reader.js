/** Looking at a long log through its window: what is in view, where its top is, and moving about in it. */
import assert from 'node:assert/strict';

/** The message stands within the log's window. */
export async function isInView(person, text) {
  const message = person.message(text).first();
  await message.waitFor();
  await person.until(inWindow, await message.getAttribute('data-message-id'));
}

function inWindow(id) {
  const message = document.querySelector(`[role=log] [data-message-id="${id}"]`);
  if (!message) return false;
  const { top, bottom } = message.getBoundingClientRect();
  const log = message.closest('[role=log]').getBoundingClientRect();
  return bottom > Math.max(0, log.top) && top < Math.min(innerHeight, log.bottom);
}

/** Frames in a row without any movement after which the log rests: a wheel's turn is drawn over several. */
const FRAMES_AT_REST = 20;

/** Turns the wheel over the log by so many screens, upwards if negative, and waits until nothing moves. */
export async function turnsTheWheel(person, screens) {
  await person.log.hover();
  const { height } = await person.log.boundingBox();
  const before = await topMessage(person);
  await person.page.mouse.wheel(0, screens * height);
  for (let last = before, still = 0; last === before || still < FRAMES_AT_REST; ) {
    await person.page.evaluate(() => new Promise(requestAnimationFrame));
    const now = await person.page.evaluate(topNow);
    // Right after a turn there may be nothing drawn there yet.
    still = now && now === last ? still + 1 : 0;
    last = now;
  }
}

/** The id of the message at the log's upper edge. */
export async function topMessage(person) {
  const top = await person.page.evaluate(topNow);
  assert.ok(top, 'there are messages');
  return top;
}

function topNow() {
  const log = document.querySelector('[role=log]');
  const edge = log.getBoundingClientRect().top;
  return [...log.querySelectorAll('[data-message-id]')].find((message) => message.getBoundingClientRect().bottom > edge + 1)?.dataset.messageId;
}

/** Nothing newer is below the window. */
export async function isAtTheNewest(person) {
  await person.until(() => {
    const log = document.querySelector('[role=log]');
    const scroller = [log, ...log.querySelectorAll('*')].find(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 50);
    return scroller && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 4;
  });
}
