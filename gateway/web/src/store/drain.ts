// Sends what waits in the outbox: each message once, those of a room in the order of writing. Called by state/outbox.ts, one tab at a time.
import { type Problem, problemOf } from '../api/problem';
import { list, type OutboxItem, remove, update } from './outbox';

interface Sender<Sent> {
  /** Sends one message; the same `client_msg_id` again gives the same answer. */
  send: (item: OutboxItem) => Promise<Sent>;
  /** It is on the server, and no longer in the outbox. */
  sent: (item: OutboxItem, answer: Sent) => void;
  /** It was refused for good; it stays until somebody retries or discards it. */
  failed: (item: OutboxItem) => void;
}

/** Codes that concern one room; the others may go on. */
const OF_ONE_ROOM = [100, 500, 503];

/** Sends until nothing is left, or until it makes no sense now; then it says why. */
export async function drain<Sent>(userId: string, sender: Sender<Sent>): Promise<Problem | null> {
  const pausing = new Set<string>();
  let reason: Problem | null = null;
  for (;;) {
    // Read anew each time: a message may have been discarded, another one written.
    const next = (await list(userId)).find((item) => !item.failed && !pausing.has(item.chat_id));
    if (!next) return reason;
    try {
      const answer = await sender.send(next);
      await remove(next.place);
      sender.sent(next, answer);
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (!problem.isTemporary) {
        const failed = { ...next, failed: { code: problem.code, detail: problem.detail } };
        await update(failed);
        sender.failed(failed);
      } else if (OF_ONE_ROOM.includes(problem.code)) {
        pausing.add(next.chat_id);
        reason = problem;
      } else {
        return problem;
      }
    }
  }
}
