import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createClient } from '@redis/client';
import { freePort } from './free-port.ts';

/** A Redis of our own on loopback that keeps nothing. */
export interface RedisServer {
  readonly url: string;
  /** Asks it something, as `redis-cli` does; what is no text comes as JSON. */
  ask(...command: string[]): Promise<string>;
  /** Begins again at the same address after {@link stop}. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Debian's `redis-server`, with a password when one is given. */
export async function startRedisServer({ password }: { password?: string } = {}): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  let child: ChildProcess | null = null;

  const ask = async (...command: string[]): Promise<string> => {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {}); // The promise tells of it.
    await client.connect();
    try {
      const reply: unknown = await client.sendCommand(command);
      return typeof reply === 'string' ? reply : JSON.stringify(reply);
    } finally {
      client.destroy();
    }
  };
  const start = async (): Promise<void> => {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    if (password !== undefined) settings.push('--requirepass', password);
    const started = spawn('redis-server', settings, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      started.once('error', (error) => reject(new Error(`Debian's redis-server is needed: ${error.message}`)));
      started.once('exit', () => reject(new Error(`Redis did not start: ${said}`)));
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      });
    });
  };
  const stop = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };

  await start();
  return { url, ask, start, stop };
}
