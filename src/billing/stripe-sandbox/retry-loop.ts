interface RetryLoop {
  /** Runs the work now, after a run that is under way. */
  runNow(): Promise<WorkOutcome>;
  /** Lets the next run come after the shortest pause. */
  runSoon(): void;
  /** Ends the loop and waits for a run that is under way. */
  stop(): Promise<void>;
}

interface WorkOutcome {
  readonly accepted: number;
  readonly refused: number;
}

interface RetryLoopOptions {
  readonly work: () => Promise<WorkOutcome>;
  readonly log: { warn(fields: object, message: string): void };
}

const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Repeats work: after 1 s, 2 s, 4 s … while some of it is refused, and every 60 s when all is well. */
export function createRetryLoop({ work, log }: RetryLoopOptions): RetryLoop {
  let timer: NodeJS.Timeout | undefined;
  let nextPauseMs = shortestPauseMs;
  let lastRun: Promise<unknown> = Promise.resolve();
  let stopped = false;

  function schedule(pauseMs: number): void {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(runInBackground, pauseMs);
    timer.unref();
  }

  function runInBackground(): void {
    runNow().catch((error: unknown) => log.warn({ error }, 'The Stripe sandbox could not deliver its events.'));
  }

  function runNow(): Promise<WorkOutcome> {
    const run = lastRun.then(runOnce);
    lastRun = run.catch(() => undefined);
    return run;
  }

  async function runOnce(): Promise<WorkOutcome> {
    let isAllWell = false;
    try {
      const outcome = await work();
      isAllWell = outcome.refused === 0;
      return outcome;
    } finally {
      schedule(isAllWell ? longestPauseMs : nextPauseMs);
      nextPauseMs = isAllWell ? shortestPauseMs : Math.min(nextPauseMs * 2, longestPauseMs);
    }
  }

  return {
    runNow,

    runSoon() {
      nextPauseMs = shortestPauseMs;
      schedule(shortestPauseMs);
    },

    async stop() {
      stopped = true;
      clearTimeout(timer);
      await lastRun;
    },
  };
}
