import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The server as a process of its own, also one that does not want to start. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Where it listens; waits until it says so, and throws when it ends instead. */
  origin(): Promise<string>;
  /** Waits for its end and gives its exit code; null when a signal ended it. */
  ended(): Promise<number | null>;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts `src/main.ts` as `npm start` does, or another program that says the same, with these variables and no others. */
export function startProcess(environment: Record<string, string>, program = 'src/main.ts'): ServerProcess {
  const child = spawn(process.execPath, ['--max-semi-space-size=32', '--import', 'tsx', program], {
    cwd: root,
    // Nothing else of the environment: it could name a database or a key.
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const said = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
      if (output.stdout.includes('Press Ctrl-C')) resolve();
    });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // "close" comes after the last byte of its output, unlike "exit".
  const closed = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return {
    child,
    output,
    ended: () => closed,
    end: (signal) => {
      child.kill(signal);
      return closed;
    },
    origin: async () => {
      await Promise.race([said, closed]);
      const port = /ready at http:\/\/localhost:(\d+)\/graphql/.exec(output.stdout)?.[1];
      if (port === undefined) throw new Error(`The server did not start: ${output.stderr}`);
      return `http://127.0.0.1:${port}`;
    },
  };
}
