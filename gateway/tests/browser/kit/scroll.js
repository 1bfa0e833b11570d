/** Reading a room from end to end, as with a thumb that never rests, and keeping count of what the page showed. */

/**
 * Scrolls to the top or bottom of what is loaded, again and again, until a message with `text` has come. Resolves with the numbers
 * of all lines that were on the page at some moment (`line N.`), the first place where they did not stand in the order of
 * their ids (null if there is none), the most elements and messages at once, and how long it took.
 */
export async function walksTo(person, end, text, { patience = 90_000 } = {}) {
  const log = await person.log.elementHandle();
  return log.evaluate(
    (element, { end, text, patience }) =>
      new Promise((resolve, reject) => {
        const begun = performance.now();
        const seen = new Set();
        const report = { disorder: null, elements: 0, messages: 0 };
        const scroller = [element, ...element.querySelectorAll('*')].find(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 50)
          ?? ancestors(element).find(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 50);

        function ancestors(from) {
          return from ? [from, ...ancestors(from.parentElement)] : [];
        }

        function look() {
          const messages = [...element.querySelectorAll('[data-message-id]')];
          const ids = messages.map(({ dataset }) => dataset.messageId);
          const unordered = ids.findIndex((id, at) => at > 0 && ids[at - 1] >= id);
          if (unordered > 0) report.disorder ??= ids.slice(unordered - 1, unordered + 1).join(' before ');
          for (const message of messages) {
            const line = /line (\d+)\./.exec(message.textContent);
            if (line) seen.add(Number(line[1]));
          }
          report.elements = Math.max(report.elements, document.querySelectorAll('*').length);
          report.messages = Math.max(report.messages, messages.length);
          return messages.some((message) => message.textContent.includes(text));
        }

        function step() {
          const done = look();
          if (done) {
            resolve({ ...report, seen: [...seen], milliseconds: Math.round(performance.now() - begun) });
          } else if (performance.now() - begun > patience) {
            reject(new Error(`${text} did not come; ${seen.size} lines were seen`));
          } else {
            // As fast as a thumb that flings: less than what the page draws around the window, so that every message is drawn once.
            const fling = scroller.clientHeight * 1.25;
            scroller.scrollTop += end === 'top' ? -fling : fling;
            requestAnimationFrame(step);
          }
        }
        step();
      }),
    { end, text, patience },
  );
}
