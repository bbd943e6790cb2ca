import { Readable } from 'node:stream';
import { type Accounts, createAccounts } from '../../src/accounts/index.ts';
import { type Catalog, openCatalog } from '../../src/catalog/index.ts';
import type { Clock } from '../../src/clock.ts';
import { type Database, migrate, readSecret } from '../../src/db/index.ts';
import {
  type AssetStorage,
  createGenerations,
  createSteps,
  type Generations,
  generationWriters,
  type StepDependencies,
  stopProvider,
} from '../../src/generation/index.ts';
import type { IdSource } from '../../src/ids.ts';
import { createJobs, type Jobs, jobWriter } from '../../src/jobs/index.ts';
import {
  type AccountId,
  type AttachmentWriter,
  createHistory,
  createLedger,
  type History,
  type Ledger,
} from '../../src/ledger/index.ts';
import type { ProviderAdapter } from '../../src/providers/index.ts';
import { noteWriter, noting } from './noted-commands.ts';

export const administratorId = 'account_00000000000000000000000002' as AccountId; // The one of `app.ts`.

/** One process: all that is in its memory. */
export interface Service {
  readonly accounts: Accounts;
  readonly catalog: Catalog;
  readonly generations: Generations;
  readonly history: History;
  readonly jobs: Jobs;
  readonly ledger: Ledger;
}

/** Puts the parts together as `app.ts` does, without HTTP and without billing. */
export async function composeService(parts: {
  database: Database;
  clock: Clock;
  ids: IdSource;
  storage: AssetStorage;
  provider: ProviderAdapter;
  pause: (ms: number) => Promise<void>;
  onStepError: (error: unknown) => void;
}): Promise<Service> {
  const { database, clock, ids, storage, provider, pause, onStepError } = parts;
  // A step of a simulation ends by itself; how long a busy machine takes for it must decide nothing.
  const stepTimeoutMs = 2 ** 31 - 1;
  const jobs = createJobs({
    database,
    clock,
    ids,
    automatic: false,
    places: { perProvider: 3, perAccount: 2 },
    onError: onStepError,
    stepTimeoutMs,
  });
  const quietLedger = createLedger({
    database,
    clock,
    pause,
    // Few requests come at once here, and the seams between the parts of a batch are to be seen.
    partSize: 2,
    writers: new Map<string, AttachmentWriter>([...generationWriters, noteWriter, ['job', jobWriter]]),
  });
  const ledger = noting(quietLedger);
  const history = createHistory(database);
  await migrate(database, ids);
  const catalog = await openCatalog({
    database,
    clock,
    providers: new Set(['FAL', 'GMI', 'GROQ']),
    onRefreshError: () => {},
  });
  // Prices stay as they are here, so nobody has to look for changes by the machine's clock.
  await catalog.close();
  const accounts = createAccounts({ database, clock, ids, catalog, ledger, refusedKeys: [] });
  await accounts.ensure({ id: administratorId, name: 'Administrator', welcome: false });
  // Nothing that the simulated provider makes is elsewhere, and it says nothing by itself.
  const assetUrls = { urlOf: (id: string) => id, goodUntil: () => null, fileIdIn: () => null };
  const stepDependencies: StepDependencies = {
    database,
    clock,
    ids,
    catalog,
    ledger,
    history,
    storage,
    remoteFiles: { fetch: () => Promise.reject(new Error('Nothing is fetched here.')) },
    assetUrls,
    callbackUrlOf: () => null,
    sandboxMode: true,
    providerOf: () => provider,
    afterSpending: () => {},
    onChange: () => {},
  };
  const generations = createGenerations({
    database,
    clock,
    ids,
    catalog,
    ledger,
    history,
    jobs,
    quoteSecret: await readSecret(database, ids, 'quote'),
    sandboxMode: true,
    assetUrls,
    checkFiles: async () => {},
    afterSpending: () => {},
    stopProvider: (generation) => {
      stopProvider(stepDependencies, generation).catch(() => {});
    },
  });
  const steps = createSteps(stepDependencies);
  await jobs.start({
    SUBMIT: steps.submit,
    POLL: steps.poll,
    STRIPE_EVENT: nothingOfStripe,
    PLAN_PERIOD: nothingOfStripe,
    TOP_UP: nothingOfStripe,
    RECONCILE: nothingOfStripe,
  });
  return { accounts, catalog, generations, history, jobs, ledger };
}

const nothingOfStripe = (): Promise<never> => Promise.reject(new Error('Nothing of Stripe is simulated.'));

/** The files of generations; they outlive every process. */
export function createMemoryStorage(): AssetStorage {
  const files = new Map<string, Uint8Array>();
  return {
    write: async (assetId, content) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content instanceof Uint8Array ? [content] : content) chunks.push(chunk);
      const file = Buffer.concat(chunks);
      files.set(assetId, file);
      return file.byteLength;
    },
    read: async (assetId) => {
      const content = files.get(assetId);
      if (content === undefined) throw new Error(`There is no file ${assetId}.`);
      return Readable.from([content]);
    },
    remove: async (assetId) => {
      files.delete(assetId);
    },
    close: async () => {},
  };
}
