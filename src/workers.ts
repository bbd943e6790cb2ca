import cluster, { type Worker } from 'node:cluster';

/** Processes that share one port, as many as it takes to use the cores of a machine. */
export interface Workers {
  /** Tells all to stop as they would alone, and resolves when all have. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** A worker that ends sooner than this after its start would end again: its reason does not go away by itself. */
const leastLifeMs = 5_000;

/**
 * Starts this program so many times. The first starts alone, so that what is made once, and shown once, is made by it; one
 * that ends by itself is replaced. `onEnd` is called when one cannot even start.
 */
export function startWorkers(options: {
  count: number;
  now: () => number;
  onReplaced: (worker: { pid: number | undefined; exitCode: number | null }) => void;
  onEnd: (exitCode: number) => void;
}): Workers {
  const { count, now, onReplaced, onEnd } = options;
  let stopping = false;
  const running = new Set<Worker>();

  const start = (number: number): void => {
    const startedAt = now();
    const worker = cluster.fork({ WORKER_NUMBER: String(number) });
    running.add(worker);
    if (number === 1 && running.size === 1) {
      worker.once('listening', () => {
        for (let other = 2; other <= count && !stopping; other += 1) if (running.size < count) start(other);
      });
    }
    worker.once('exit', (exitCode: number | null) => {
      running.delete(worker);
      if (stopping) return;
      if (now() - startedAt < leastLifeMs) {
        stopping = true;
        for (const other of running) other.process.kill('SIGTERM');
        onEnd(exitCode ?? 1);
        return;
      }
      onReplaced({ pid: worker.process.pid, exitCode });
      start(number);
    });
  };
  start(1);

  return {
    stop: async (signal) => {
      stopping = true;
      await Promise.all(
        [...running].map(async (worker) => {
          const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
          worker.process.kill(signal);
          await ended;
        }),
      );
    },
  };
}
