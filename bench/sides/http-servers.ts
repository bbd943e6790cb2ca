import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type ServerProcess, startProcess } from '../../tests/support/server-process.ts';

/** What is asked of every server that can answer it. */
const httpQueries = {
  typename: '{ __typename }',
  models: '{ models { id name label kind credits } }',
  wallet: `{ wallet { available held debt isLow topUp
    transactions(first: 20) { nodes { id type amount availableAfter createdAt } } } }`,
} as const;

export type HttpQuery = keyof typeof httpQueries;

const programs = {
  ours: 'src/main.ts',
  yoga: 'bench/sides/server-stock-yoga.ts',
  mercurius: 'bench/sides/server-mercurius.ts',
  postgraphile: 'bench/sides/server-postgraphile.js',
  bare: 'bench/sides/server-bare.ts',
} as const;

export type HttpServerName = keyof typeof programs;

/** Servers in processes of their own on one database, with one account that has a history. */
export interface HttpServers {
  origin(name: HttpServerName): string;
  /** How much of its memory a server has in RAM now, in MiB, as Linux counts it. */
  residentMebibytes(name: HttpServerName): Promise<number>;
  /** Of the account whose wallet is read. */
  readonly key: string;
  /** What a server is asked: the same of all, but of PostGraphile, whose schema is its own. */
  queryFor(name: HttpServerName, query: HttpQuery): string;
  close(): Promise<void>;
}

const adminKey = `wzrd_${randomUUID()}`;
/** More than a page of transactions. */
const grantCount = 30;

const createdSchema = z.object({
  data: z.object({ createAccount: z.object({ account: z.object({ id: z.string() }), apiKey: z.string() }) }),
});

/** Starts all servers. Throws when two of them answer a query differently: their speed could not be compared. */
export async function openHttpServers(databaseUrl: string): Promise<HttpServers> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-bench-'));
  const servers = new Map<HttpServerName, { process: ServerProcess; origin: string }>();
  const start = async (name: HttpServerName, environment: Record<string, string>): Promise<string> => {
    const server = startProcess(environment, programs[name]);
    const origin = await server.origin();
    servers.set(name, { process: server, origin });
    return origin;
  };
  const serverNamed = (name: HttpServerName): { process: ServerProcess; origin: string } => {
    const server = servers.get(name);
    if (server === undefined) throw new Error(`The server ${name} was not started.`);
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map(({ process }) => process.end('SIGTERM')));
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const environment = {
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      ADMIN_API_KEY: adminKey,
      BILLING_MODE: 'sandbox',
      LOG_LEVEL: 'error',
    };
    const ours = await start('ours', environment);
    const { accountId, key } = await createAccountWithHistory(ours);
    const answers = join(dataDir, 'answers.json');
    const expected: Record<string, string> = {};
    for (const [name, query] of Object.entries(httpQueries)) expected[name] = await post(ours, query, key);
    await writeFile(answers, JSON.stringify(expected));
    await start('yoga', environment);
    await start('mercurius', { DATABASE_URL: databaseUrl });
    await start('bare', { ANSWERS: answers });
    const ofPostgraphile = await post(
      await start('postgraphile', { DATABASE_URL: databaseUrl }),
      walletOf(accountId),
      key,
    );
    if (ofPostgraphile.split('"sequence"').length !== 21) {
      throw new Error(`PostGraphile does not give the wallet and 20 transfers: ${ofPostgraphile.slice(0, 500)}`);
    }
    for (const [name, { origin }] of servers) {
      if (name === 'bare' || name === 'postgraphile') continue;
      for (const query of Object.keys(httpQueries) as HttpQuery[]) {
        const answer = await post(origin, httpQueries[query], key);
        if (answer !== expected[query]) throw new Error(`${name} answers differently: ${answer.slice(0, 500)}`);
      }
    }
    return {
      key,
      queryFor: (name, query) => (name === 'postgraphile' ? walletOf(accountId) : httpQueries[query]),
      origin: (name) => serverNamed(name).origin,
      residentMebibytes: async (name) => {
        const status = await readFile(`/proc/${serverNamed(name).process.child.pid}/status`, 'utf8');
        return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1_024;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As much of the same rows as the contract's own query of the wallet asks for. */
const walletOf = (accountId: string): string => `{ walletByAccountId(accountId: "${accountId}") {
    available held debt issued pending
    transfersByAccountId(first: 20, orderBy: PRIMARY_KEY_DESC) { nodes { sequence type amount availableAfter occurredAt } } } }`;

async function createAccountWithHistory(origin: string): Promise<{ accountId: string; key: string }> {
  const created = createdSchema.parse(
    JSON.parse(
      await post(
        origin,
        'mutation { createAccount(input: { name: "Benchmark" }) { ... on CreatedAccount { account { id } apiKey } } }',
        adminKey,
      ),
    ),
  );
  const { account, apiKey } = created.data.createAccount;
  for (let number = 1; number <= grantCount; number += 1) {
    const granted = await post(
      origin,
      `mutation { grantCredits(input: { accountId: "${account.id}", credits: ${number}, reason: "For a benchmark",
        idempotencyKey: "${randomUUID()}" }) { __typename } }`,
      adminKey,
    );
    if (!granted.includes('"Grant"')) throw new Error(`The account got no credits: ${granted}`);
  }
  return { accountId: account.id, key: apiKey };
}

async function post(origin: string, query: string, key: string): Promise<string> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query }),
  });
  return response.text();
}
