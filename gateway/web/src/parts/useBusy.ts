// One thing at a time: a form that is being sent is not sent again.
import { useState } from 'preact/hooks';
import { problemOf } from '../api/problem';
import { errorWords } from '../texts/errors';

interface Busy {
  isBusy: boolean;
  /** What went wrong, in words. */
  trouble: string;
  run: (work: () => Promise<void>, words?: (code: number) => string | null) => void;
}

export function useBusy(): Busy {
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const run: Busy['run'] = (work, words) => {
    if (isBusy) return;
    setBusy(true);
    setTrouble('');
    work()
      .catch((thrown: unknown) => {
        const problem = problemOf(thrown);
        setTrouble(words?.(problem.code) ?? errorWords(problem));
      })
      .finally(() => setBusy(false));
  };
  return { isBusy, trouble, run };
}
