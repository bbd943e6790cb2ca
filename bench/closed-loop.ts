/** What came of a closed loop, the warm-up left out. */
export interface LoopResult {
  readonly callsPerSecond: number;
  /** How long each call took. */
  readonly latenciesMs: readonly number[];
}

/**
 * Callers that each make a call, wait for its end and make the next, for a warm-up and then for so many seconds.
 * The first call that fails ends the loop with its error: a number over failures would say nothing.
 */
export async function runClosedLoop(
  options: { callers: number; warmUpSeconds: number; seconds: number },
  call: (caller: number) => Promise<void>,
): Promise<LoopResult> {
  const begin = performance.now() + options.warmUpSeconds * 1_000;
  const end = begin + options.seconds * 1_000;
  const latenciesMs: number[] = [];
  let failed = false;
  const runCaller = async (caller: number): Promise<void> => {
    while (!failed) {
      const started = performance.now();
      if (started >= end) return;
      await call(caller);
      const ended = performance.now();
      // A call counts where it ends, so that as many are cut off at the end as at the beginning.
      if (ended >= begin && ended < end) latenciesMs.push(ended - started);
    }
  };
  const callers = Array.from({ length: options.callers }, (_, caller) =>
    runCaller(caller).catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  const settled = await Promise.allSettled(callers);
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return { callsPerSecond: latenciesMs.length / options.seconds, latenciesMs };
}

/** The mean of what a loop measured. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
