import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { demoKeys } from '../src/app.ts';
import { postGraphql } from './support/http.ts';
import { type ServerProcess, startProcess } from './support/server-process.ts';

// Several processes start in here, and other tests work beside them.
const patience = { timeout: 180_000 };

let folder: string;
const started: ServerProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wzrd-main-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const server of started.splice(0)) {
    if (server.child.exitCode === null && server.child.signalCode === null) await server.end('SIGKILL');
  }
});

function start(environment: Record<string, string>): ServerProcess {
  const server = startProcess(environment);
  started.push(server);
  return server;
}

async function ask<Data>(origin: string, query: string): Promise<Data> {
  const { json } = await postGraphql(origin, { query }, { authorization: `Bearer ${demoKeys.account}` });
  if (json?.errors !== undefined) throw new Error(JSON.stringify(json.errors));
  return json?.data as Data; // The test says what it asked for, and its expectations check it.
}

const walletQuery = '{ wallet { available held } generations { nodes { id status } } }';

test(
  'given an empty folder, when the server is started, disturbed, stopped, started, killed and started again, then nothing is lost and nothing is charged twice',
  patience,
  async () => {
    const dataDir = join(folder, 'story');
    const first = start({ DATA_DIR: dataDir });
    const firstOrigin = await first.origin();
    expect(first.output.stdout).toMatch(/^wzrd-credits is ready at http:\/\/localhost:\d+\/graphql\n/);
    expect(first.output.stdout).toContain(`demo key   ${demoKeys.account}\n`);
    expect(first.output.stdout).toContain(`admin key  ${demoKeys.admin}\n`);
    expect(await ask(firstOrigin, walletQuery)).toEqual({
      wallet: { available: 100, held: 0 },
      generations: { nodes: [] },
    });

    // A second process on the same folder is refused and harms nothing.
    const lock = await readlink(join(dataDir, 'lock'));
    const second = start({ DATA_DIR: dataDir });
    expect(await second.ended()).toBe(1);
    expect(second.output).toEqual({
      stdout: '',
      stderr: `The data folder ${dataDir} is in use by another process (${lock}). Stop it, or set DATA_DIR to another folder.\n`,
    });
    expect(await readlink(join(dataDir, 'lock'))).toBe(lock);

    // "fal-ai/flux/schnell" costs 3, its result is there after 1.5 s.
    const generate =
      'mutation { generate(input: { modelId: "fal-ai/flux/schnell", prompt: "x" }) { ... on Generation { id } } }';
    const done = await ask<{ generate: { id: string } }>(firstOrigin, generate);
    const statusOf = async (origin: string, id: string): Promise<string> =>
      (await ask<{ generation: { status: string } }>(origin, `{ generation(id: "${id}") { status } }`)).generation
        .status;
    await expect.poll(() => statusOf(firstOrigin, done.generate.id), { timeout: 10_000 }).toBe('SUCCEEDED');

    expect(await first.end('SIGTERM')).toBe(0);
    expect(first.output.stderr).not.toContain('"level":50');
    expect(await readdir(dataDir)).not.toContain('lock');

    const third = start({ DATA_DIR: dataDir });
    const thirdOrigin = await third.origin();
    expect(await ask(thirdOrigin, walletQuery)).toEqual({
      wallet: { available: 97, held: 0 },
      generations: { nodes: [{ id: done.generate.id, status: 'SUCCEEDED' }] },
    });
    const cut = await ask<{ generate: { id: string } }>(thirdOrigin, generate);
    await expect.poll(() => statusOf(thirdOrigin, cut.generate.id), { interval: 20 }).toBe('RUNNING');
    expect(await third.end('SIGKILL')).toBeNull();
    expect(await readdir(dataDir)).toContain('lock');

    const fourth = start({ DATA_DIR: dataDir });
    const fourthOrigin = await fourth.origin();
    await expect.poll(() => statusOf(fourthOrigin, cut.generate.id), { timeout: 10_000 }).toBe('SUCCEEDED');
    // 100 - 2 x 3, each charged once.
    const wallet = await ask<{ wallet: { transactions: { nodes: object[] } } }>(
      fourthOrigin,
      '{ wallet { available held transactions(type: CAPTURE) { nodes { credits generation { id } } } } }',
    );
    expect(wallet).toEqual({
      wallet: {
        available: 94,
        held: 0,
        transactions: {
          nodes: [
            { credits: 3, generation: { id: cut.generate.id } },
            { credits: 3, generation: { id: done.generate.id } },
          ],
        },
      },
    });
    expect(await fourth.end('SIGINT')).toBe(0);
  },
);

describe('what cannot start', () => {
  test('given an environment that is wrong, when the server starts, then it ends with 1 and says all that is wrong, a line each', async () => {
    const server = start({
      PORT: 'high',
      BILLING_MODE: 'live',
      STRIPE_SECRET_KEY: 'sk_test_secret',
      LOG_LEVEL: 'loud',
    });
    expect(await server.ended()).toBe(1);
    expect(server.output).toEqual({
      stdout: '',
      stderr: [
        'The environment is not right:',
        '  PORT must be a port number from 0 to 65535',
        '  LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent',
        '  STRIPE_SECRET_KEY is a test key; with BILLING_MODE=live it must begin with sk_live_ or rk_live_',
        '  STRIPE_WEBHOOK_SECRET is needed with BILLING_MODE=live',
        '',
      ].join('\n'),
    });
  });

  test(
    'given a port that is taken, when the server starts, then it ends with 1, says so and leaves its folder free',
    patience,
    async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo; // A TCP server has a port once it listens.
      const dataDir = join(folder, 'story'); // A folder that is there already opens quicker.
      const server = start({ PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
      expect(await server.ended()).toBe(1);
      expect(server.output).toEqual({
        stdout: '',
        stderr: 'The port is taken by another program. Stop it, or set PORT to another port.\n',
      });
      expect(await readdir(dataDir)).not.toContain('lock');
      other.close();
    },
  );

  test('given a database that does not answer, when the server starts, then it ends with 1 and says where, without the password', async () => {
    const server = start({ DATABASE_URL: 'postgresql://me:a-secret-password@127.0.0.1:1/credits' });
    expect(await server.ended()).toBe(1);
    expect(server.output).toEqual({
      stdout: '',
      stderr:
        "The PostgreSQL at 127.0.0.1:1 cannot be used: Can't reach database server at 127.0.0.1:1. Start it, or set DATABASE_URL to another one.\n",
    });
  });

  test('given a data folder that is a file, when the server starts, then it ends with 1 and says which', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'mine');
    const server = start({ DATA_DIR: file });
    expect(await server.ended()).toBe(1);
    expect(server.output.stderr).toMatch(
      new RegExp(
        `^The data folder ${file} cannot be used: EEXIST.*Set DATA_DIR to a folder that can be written to\\.\\n$`,
      ),
    );
  });
});
