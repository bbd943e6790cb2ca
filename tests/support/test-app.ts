import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { type App, startApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createIdSource } from '../../src/ids.ts';
import type { ProviderAdapter } from '../../src/providers/index.ts';
import { type DatabaseKind, openTestDatabase, type TestDatabase } from './databases.ts';
import { createTestClock, type TestClock } from './test-clock.ts';

export interface GraphqlAnswer<Data> {
  readonly status: number;
  readonly data: Data;
  readonly errors: readonly {
    message: string;
    path?: (string | number)[];
    extensions: { code: string; id?: string };
  }[];
}

/** The whole server on a database of its own, with a clock that stands still and jobs that run when told to. */
export interface TestApp {
  readonly app: App;
  readonly clock: TestClock;
  readonly url: string;
  readonly databaseUrl: string | null;
  readonly database: Awaited<ReturnType<typeof openTestDatabase>>['database'];
  /** Lines that were logged, for tests of what is said and what is not. */
  readonly logged: string[];
  /** Sends a GraphQL request as a front end does. `Data` is what the test says it expects. */
  graphql<Data = Record<string, never>>(
    query: string,
    options?: { variables?: Record<string, unknown>; key?: string | null; headers?: Record<string, string> },
  ): Promise<GraphqlAnswer<Data>>;
  /** A new account with its 100 welcome credits; a number gives it exactly that many more. */
  newAccount(extraCredits?: number): Promise<{ id: string; key: string }>;
  /** Runs jobs and moves the clock until no generation is under way, at most so many seconds. */
  settle(seconds?: number): Promise<void>;
  close(): Promise<void>;
}

export const adminKey = 'an-administrators-key-for-tests';

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.object({ code: z.string(), id: z.string().optional() }),
      }),
    )
    .default([]),
});

export interface TestAppOptions {
  /** Laid over the configuration of the sandbox. */
  environment?: Record<string, string>;
  automaticJobs?: boolean;
  clock?: TestClock;
  /** The database to work on, which its giver closes; absent: a new one, which is removed with the server. */
  database?: TestDatabase;
  /** Who runs the models, in place of the sandbox's provider. */
  provider?: ProviderAdapter;
}

/** Starts the server on an empty database, or on the one that it is given. */
export async function startTestApp(kind: DatabaseKind, options: TestAppOptions = {}): Promise<TestApp> {
  const clock = options.clock ?? createTestClock();
  const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-data-'));
  const { database, url: databaseUrl } = options.database ?? (await openTestDatabase(kind));
  const { provider } = options;
  const config: Config = {
    ...readConfig({
      PORT: '0',
      BILLING_MODE: 'sandbox',
      ADMIN_API_KEY: adminKey,
      DATA_DIR: dataDir,
      ...options.environment,
    }),
    databaseUrl,
  };
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const app = await startApp({
    config,
    database: options.database === undefined ? database : { ...database, close: async () => {} },
    clock,
    createIds: createIdSource,
    log,
    automaticJobs: options.automaticJobs ?? false,
    ...(provider === undefined ? {} : { providerOf: () => provider }),
  });

  const graphql: TestApp['graphql'] = async <Data>(
    query: string,
    { variables, key, headers }: Parameters<TestApp['graphql']>[1] = {},
  ): Promise<GraphqlAnswer<Data>> => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key == null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    const answer = answerSchema.parse(await response.json());
    // The test says what it asked for, and its expectations check it.
    return {
      status: response.status,
      data: answer.data as Data,
      errors: answer.errors,
    };
  };

  const testApp: TestApp = {
    app,
    clock,
    url: app.url,
    databaseUrl,
    database,
    logged,
    graphql,
    newAccount: async (extraCredits = 0) => {
      const { data } = await graphql<{ createAccount: { account: { id: string }; apiKey: string } }>(
        'mutation { createAccount(input: { name: "Test" }) { ... on CreatedAccount { account { id } apiKey } } }',
        { key: adminKey },
      );
      const { account, apiKey } = data.createAccount;
      if (extraCredits > 0) {
        await graphql(
          `
            mutation ($accountId: ID!, $credits: Int!, $key: String!) {
              grantCredits(
                input: { accountId: $accountId, credits: $credits, reason: "More for a test", idempotencyKey: $key }
              ) {
                __typename
              }
            }
          `,
          { key: adminKey, variables: { accountId: account.id, credits: extraCredits, key: `more-${account.id}` } },
        );
      }
      return { id: account.id, key: apiKey };
    },
    settle: async (seconds = 10) => {
      for (let passed = 0; passed <= seconds; passed += 1) {
        await app.jobs.runDue();
        clock.advanceSeconds(1);
      }
      await app.jobs.runDue();
    },
    close: async () => {
      await app.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return testApp;
}
