import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The server as a person starts it: a process of its own on an empty folder. */
export interface RunningServer {
  /** Where it says that the playground is. */
  readonly address: string;
  /** Where it listens, without a path. */
  readonly origin: string;
  /** What it printed when it was ready. */
  readonly welcome: string;
  /** Sends a GraphQL request with the demo key. `Data` is what the test says it expects. */
  call<Data>(query: string, variables?: object): Promise<Data>;
  stop(): Promise<void>;
}

const startsWithinMs = 90_000;

/** Starts the server with these variables over those of a fresh sandbox, and waits until it is ready. */
export async function startServer(environment: Record<string, string> = {}): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-browser-'));
  const server = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    // Nothing else of the environment: it could name a database or a key.
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    }
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const welcome = await readWelcome(server);
    const address = /ready at (\S+)/.exec(welcome)?.[1] ?? '';
    const demoKey = /demo key +(\S+)/.exec(welcome)?.[1] ?? '';
    const ready = await fetch(new URL('/ready', address));
    if (!ready.ok) throw new Error(`The server is not ready: ${ready.status}.`);
    const origin = `http://127.0.0.1:${new URL(address).port}`;
    return { address, origin, welcome, call: (query, variables) => call(address, demoKey, query, variables), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the server prints once it listens. */
function readWelcome(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`The server did not start; it said: ${text}`)), startsWithinMs);
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)));
    server.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('Press Ctrl-C')) return;
      clearTimeout(timer);
      resolve(text);
    });
  });
}

async function call<Data>(address: string, key: string, query: string, variables?: object): Promise<Data> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as { data: Data; errors?: unknown }; // The test checks what it looks at.
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}
