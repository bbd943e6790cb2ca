import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startProcess } from '../../tests/support/server-process.ts';
import { runClosedLoop } from '../closed-loop.ts';
import { gatherStatistics } from '../postgres.ts';

export const httpConnections = 128;

/** The whole server in a process of its own, on a database of its own. */
export interface GenerateOverHttp {
  /** Starts the server, has one account generate over so many connections, and stops the server. */
  generationsPerSecond(seconds: number): Promise<number>;
  close(): Promise<void>;
}

/** `src/main.ts` is what ships; the other program leaves the jobs alone. */
export type ServerProgram = 'src/main.ts' | 'bench/sides/server-without-workers.ts';

/** A process that has just started runs slowly until its code has been compiled. */
const warmUpSeconds = 2;
const accountCredits = 1_000_000_000;
const adminKey = `wzrd_${randomUUID()}`;

const generateDocument = `mutation ($input: GenerateInput!) {
  generate(input: $input) { __typename ... on Generation { id status creditsHeld } ... on Error { code message } }
}`;
/** 3 credits, and its stand-in answers with a few words instead of drawing a picture. */
const generateInput = { modelId: 'gmi/openai-o4-mini', prompt: 'A haiku about rain' };

const createdSchema = z.object({
  data: z.object({ createAccount: z.object({ account: z.object({ id: z.string() }), apiKey: z.string() }) }),
});

/** Prepares a server on an empty database, with one account that can pay for everything. */
export async function openGenerateOverHttp(url: string, program: ServerProgram): Promise<GenerateOverHttp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-bench-'));
  const environment = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    ADMIN_API_KEY: adminKey,
    BILLING_MODE: 'sandbox',
    LOG_LEVEL: 'error',
  };
  const withServer = async <Result>(work: (origin: string) => Promise<Result>): Promise<Result> => {
    const server = startProcess(environment, program);
    const kill = (): void => {
      server.child.kill();
    };
    process.once('exit', kill);
    try {
      return await work(await server.origin());
    } finally {
      await server.end('SIGTERM');
      process.off('exit', kill);
      if (server.output.stderr !== '') process.stderr.write(server.output.stderr);
    }
  };
  const key = await withServer(createAccount);
  const generationsPerSecond = (seconds: number): Promise<number> =>
    withServer(async (origin) => {
      const agent = new Agent({ keepAlive: true, maxSockets: httpConnections });
      try {
        const loop = { callers: httpConnections, warmUpSeconds, seconds };
        return (await runClosedLoop(loop, () => generate(agent, origin, key))).callsPerSecond;
      } finally {
        agent.destroy();
      }
    });
  await generationsPerSecond(1);
  await gatherStatistics(url);
  return {
    generationsPerSecond,
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
}

async function createAccount(origin: string): Promise<string> {
  const agent = new Agent();
  const created = createdSchema.parse(
    JSON.parse(
      await post(agent, origin, adminKey, {
        query: `mutation { createAccount(input: { name: "Benchmark" }) {
          ... on CreatedAccount { account { id } apiKey }
        } }`,
      }),
    ),
  );
  const { account, apiKey } = created.data.createAccount;
  const granted = await post(agent, origin, adminKey, {
    query: `mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { __typename } }`,
    variables: {
      input: {
        accountId: account.id,
        credits: accountCredits,
        reason: 'For a benchmark',
        idempotencyKey: randomUUID(),
      },
    },
  });
  if (!granted.includes('"Grant"')) throw new Error(`The account got no credits: ${granted}`);
  return apiKey;
}

async function generate(agent: Agent, origin: string, key: string): Promise<void> {
  const answer = await post(agent, origin, key, {
    query: generateDocument,
    variables: { input: { ...generateInput, idempotencyKey: randomUUID() } },
  });
  // Not parsed: the generator of the load has the same two cores as the server.
  if (!answer.includes('"QUEUED"')) throw new Error(`A generation was not queued: ${answer}`);
}

function post(agent: Agent, origin: string, key: string, body: object): Promise<string> {
  const content = Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const sent = request(
      `${origin}/graphql`,
      {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': content.length,
          accept: 'application/json',
          authorization: `Bearer ${key}`,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(content);
  });
}
