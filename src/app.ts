import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { accountWriters, type Accounts, createAccounts, followLowBalances } from './accounts/index.ts';
import { type Billing, billingWriters, createBilling, createStripeClient } from './billing/index.ts';
import {
  createStripeSandbox,
  createStripeSandboxStore,
  type StripeSandbox,
  type StripeSandboxControls,
} from './billing/stripe-sandbox/index.ts';
import { openCatalog, type ProviderName } from './catalog/index.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { type Database, migrate, readSecret } from './db/index.ts';
import { createChanges, openRedisChannel } from './events/index.ts';
import {
  createAssetUrls,
  createBucketStorage,
  createCallbacks,
  createFileCheck,
  createFindFile,
  createFolderStorage,
  createGenerations,
  createRemoteFiles,
  createSteps,
  createUploads,
  type Generations,
  generationWriters,
  type StepDependencies,
  stopProvider,
} from './generation/index.ts';
import { createAssetHandler } from './http/assets.ts';
import { createCompatibilityRoutes } from './http/compatibility/index.ts';
import { watchConnections } from './http/drain.ts';
import { createGraphqlEndpoint } from './http/graphql.ts';
import { createMetrics } from './http/metrics.ts';
import { readPersistedDocuments } from './http/persisted-documents.ts';
import { createPlayground } from './http/playground.ts';
import { createHttpServer } from './http/server.ts';
import { createUploadHandler } from './http/uploads.ts';
import { createWebSockets } from './http/web-sockets.ts';
import { createFalWebhookHandler } from './http/webhooks.ts';
import type { IdSource } from './ids.ts';
import { createJobs, type Jobs, jobWriter } from './jobs/index.ts';
import { type AccountId, createHistory, createLedger, type Ledger } from './ledger/index.ts';
import { createRealProviders, createSandboxProvider } from './providers/index.ts';
import { repeat } from './repeat.ts';
import type { Services } from './resolvers/context.ts';
import { createClockMoves, createSandboxClock, type FallsDue } from './sandbox-clock/index.ts';

/** The keys that everybody knows; they count on the embedded sandbox on loopback alone. */
export const demoKeys = { account: 'wzrd_test_demo', admin: 'wzrd_test_admin' } as const;

const demoAccountId = 'account_00000000000000000000000001' as AccountId; // Fixed, so that it is made once.
const administratorId = 'account_00000000000000000000000002' as AccountId; // As above.

/** How often wallets that nobody touches are looked after. */
const sweepEveryMs = 60_000;
const sweepLimit = 1_000;
/** How long requests in flight may take to finish when the server stops. */
const drainMs = 10_000;

export interface App {
  /** Where it listens. */
  readonly url: string;
  readonly services: Services;
  readonly jobs: Jobs;
  /** What people at banks and at Stripe's dashboard do in the sandbox; null outside of it. */
  readonly stripeSandbox: StripeSandboxControls | null;
  /** The administrator's key, when this start made one; it is shown nowhere again. */
  readonly newAdminKey: string | null;
  /** Lets requests in flight finish, hands jobs back and closes everything. */
  close(): Promise<void>;
}

/** Puts the parts together and listens. Takes over the database, and closes it when the start fails. */
export async function startApp(options: {
  config: Config;
  database: Database;
  /** The machine's; in sandbox mode it can be moved ahead. */
  clock: Clock;
  /** Makes the source of ids, which are ordered by the time of a clock. */
  createIds: (clock: Clock) => IdSource;
  log: Logger;
  /** `false`: jobs run only when they are told to. */
  automaticJobs: boolean;
  /** Who runs a model, in place of all providers; for tests and simulations. */
  providerOf?: StepDependencies['providerOf'];
}): Promise<App> {
  const closers: (() => Promise<unknown>)[] = [() => options.database.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await compose(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  { config, database, clock: machineClock, createIds, log, automaticJobs, providerOf }: Parameters<typeof startApp>[0],
  closers: (() => Promise<unknown>)[],
): Promise<Omit<App, 'close'>> {
  const sandboxMode = config.billing.mode === 'sandbox';
  let boundUrl = '';
  const publicUrl = (): string => config.publicUrl ?? boundUrl;
  const onError = (message: string) => (error: unknown) => log.error({ err: error }, message);
  const sandboxClock = sandboxMode
    ? createSandboxClock({
        machine: machineClock,
        database,
        onError: onError('The clock of the sandbox was not followed.'),
      })
    : null;
  const clock = sandboxClock ?? machineClock;
  const ids = createIds(clock);
  const { redisUrl } = config;
  const changes = createChanges({
    openChannel: (options) =>
      redisUrl === null
        ? database.openChannel('account_changes', options)
        : openRedisChannel(redisUrl, 'account_changes', options),
    ids,
    onError: onError('Other processes were not told of changes.'),
  });
  const onInternalError = (error: unknown): string => {
    const id = ids.next('error');
    log.error({ err: error, id }, 'A request failed for a reason of our own.');
    return id;
  };

  const jobs = createJobs({
    database,
    clock,
    ids,
    automatic: automaticJobs,
    places: config.places,
    onError: (error, job) => log.warn({ err: error, job }, 'A job failed and is tried again.'),
  });
  const history = createHistory(database);

  const sandboxProvider = sandboxMode ? createSandboxProvider({ clock }) : null;
  const realProviders = createRealProviders({
    settings: config.providers,
    database,
    clock,
    ids,
    onTrouble: (trouble) => log.warn(trouble, 'A provider is in trouble.'),
    onError: onError('An answer of a provider was not written down.'),
  });
  closers.push(() => realProviders.close());
  const providers: ReadonlySet<ProviderName> = new Set(
    sandboxProvider === null ? realProviders.byName.keys() : ['FAL', 'GMI', 'GROQ'],
  );
  // Copies of the server that start at once prepare the database one after the other.
  const { catalog, ledger, accounts, newAdminKey, secrets } = await database.exclusively('start', async () => {
    const applied = await migrate(database, ids);
    if (applied.length > 0) log.info({ migrations: applied }, 'The database was brought up to date.');
    if (sandboxClock !== null) {
      await sandboxClock.open();
      closers.push(() => sandboxClock.close());
    }
    const catalog = await openCatalog({
      database,
      clock,
      providers,
      onRefreshError: onError('The catalog was not refreshed.'),
    });
    closers.push(() => catalog.close());
    const ledger = createLedger({
      database,
      clock,
      writers: new Map([...generationWriters, ...billingWriters, ...accountWriters, ['job', jobWriter]]),
      follow: followLowBalances({ ids, threshold: () => catalog.snapshot().lowBalanceThreshold }),
      onCommit: (accountIds) => accountIds.forEach((accountId) => changes.say(accountId)),
    });
    const refusedKeys = config.demoKeys ? [] : Object.values(demoKeys);
    const accounts = createAccounts({ database, clock, ids, catalog, ledger, refusedKeys });
    const newAdminKey = await ensureAccounts(accounts, config);
    const secrets = {
      quote: await readSecret(database, ids, 'quote'),
      asset: await readSecret(database, ids, 'asset'),
      callback: await readSecret(database, ids, 'callback'),
      upload: await readSecret(database, ids, 'upload'),
    };
    return { catalog, ledger, accounts, newAdminKey, secrets };
  });

  await changes.open();
  closers.push(() => changes.close());

  const { stripe, stripeSandbox } = await openStripe({
    config,
    database,
    clock,
    ids,
    log,
    publicUrl,
    boundUrl: () => boundUrl,
  });
  if (stripeSandbox !== null) closers.push(() => stripeSandbox.close());
  const billing = createBilling({
    database,
    clock,
    ids,
    catalog,
    ledger,
    jobs,
    mode: config.billing.mode,
    stripe,
    allowedRedirects: config.allowedRedirects,
    publicUrl,
    onProviderError: (error) => log.warn({ err: error }, 'Stripe did not answer as it should.'),
    onNoticeError: onError('It was not looked at whether an account needs a top-up.'),
    onTopUpHeldUp: (accountId, reason) => log.info({ accountId, reason }, 'An account that needs a top-up gets none.'),
    repairAtNight: config.billing.reconcileRepair,
    onDifference: (difference) => log.warn(difference, 'Stripe and the journal differ.'),
    onRepairError: (error) => log.warn({ err: error }, 'What differs from Stripe could not be repaired.'),
  });
  closers.push(() => billing.autoTopUp.settled());

  const storage =
    config.assetBucket === null
      ? createFolderStorage(join(config.dataDir, 'assets'))
      : createBucketStorage(config.assetBucket);
  closers.push(() => storage.close());
  const remoteFiles = createRemoteFiles(config.assetOrigins);
  const assetUrls = createAssetUrls({ clock, secret: secrets.asset, publicUrl });
  const uploads = createUploads({ database, clock, ids, storage, assetUrls, secret: secrets.upload, publicUrl });
  const findFile = createFindFile(() => generations, uploads);
  const callbacks = createCallbacks({ database, clock, jobs, secret: secrets.callback });
  const stepDependencies: StepDependencies = {
    database,
    clock,
    ids,
    catalog,
    ledger,
    history,
    storage,
    remoteFiles,
    assetUrls,
    // Providers speak to addresses that the world can reach, and safely.
    callbackUrlOf: (attempt) =>
      config.publicUrl?.startsWith('https://') === true
        ? `${config.publicUrl}/webhooks/fal/${callbacks.tokenOf(attempt)}`
        : null,
    sandboxMode,
    providerOf: providerOf ?? ((model) => realProviders.byName.get(model.provider) ?? sandboxProvider),
    afterSpending: (accountId) => billing.autoTopUp.afterSpending(accountId),
    onChange: (accountId) => changes.say(accountId),
  };
  const generations: Generations = createGenerations({
    database,
    clock,
    ids,
    catalog,
    ledger,
    history,
    jobs,
    quoteSecret: secrets.quote,
    sandboxMode,
    assetUrls,
    checkFiles: createFileCheck({
      fileIdIn: (url) => assetUrls.fileIdIn(url),
      findFile,
      clock,
      typeOf: (url) => remoteFiles.typeOf(url),
      isSandboxed: (model) => !realProviders.byName.has(model.provider),
    }),
    afterSpending: (accountId) => billing.autoTopUp.afterSpending(accountId),
    stopProvider: (generation) => {
      stopProvider(stepDependencies, generation).catch(onError('A provider was not told of a cancellation.'));
    },
  });

  const clockMoves =
    sandboxClock === null
      ? null
      : createClockMoves({
          clock: sandboxClock,
          database,
          agenda: () => ({
            events: [
              whatFallsDue(ledger, billing),
              ...(stripeSandbox === null ? [] : [stripeSandboxDue(stripeSandbox)]),
            ],
            work: jobs.dueWork(() => sandboxClock.isShared()),
          }),
        });
  const { checkoutAvailable } = billing;
  const services: Services = {
    accounts,
    billing,
    catalog,
    checkoutAvailable,
    changes,
    clock,
    clockMoves,
    generations,
    history,
    ledger,
    publicUrl,
    uploads,
  };
  let closing = false;
  const graphql = createGraphqlEndpoint({
    services,
    onInternalError,
    persisted: readPersistedDocuments(config.persistedOnly),
  });
  const webSockets = createWebSockets({
    accounts,
    subscriptions: graphql.subscriptions,
    allowedOrigins: config.allowedOrigins,
    publicUrl,
    onInternalError,
  });
  const server = createHttpServer({
    accounts,
    clock,
    graphql: graphql.handle,
    webSocket: webSockets.accept,
    playground: createPlayground({
      demoKey: config.demoKeys ? demoKeys.account : null,
      adminKey: config.demoKeys ? demoKeys.admin : null,
    }),
    compatibility: createCompatibilityRoutes(services),
    checkoutResult: (id) => billing.checkoutResult(id),
    asset: createAssetHandler({ findFile, storage, assetUrls, clock }),
    upload: createUploadHandler(uploads),
    falWebhook: realProviders.falWebhook === null ? null : createFalWebhookHandler(realProviders.falWebhook, callbacks),
    stripeSandboxPage:
      stripeSandbox === null ? null : (request, response) => stripeSandbox.handlePage(request, response),
    metrics: createMetrics([
      {
        name: 'wzrd_holds_at_risk',
        help: 'Generations under way whose hold has lapsed or lapses within five minutes.',
        read: () => generations.holdsAtRisk.count(),
      },
      {
        name: 'wzrd_generations_orphaned',
        help: 'Generations that ended while their request was being sent, since the beginning.',
        read: () => generations.orphaned.count(),
      },
      {
        name: 'wzrd_jobs_waiting',
        help: 'Jobs that are due and that nobody is at.',
        read: () => jobs.countWaiting(),
      },
      {
        name: 'wzrd_stripe_events_dead',
        help: 'Events of Stripe that were given up after three days.',
        read: () => billing.events.count('DEAD'),
      },
    ]).handle,
    isReady: async () => !closing && (await answers(database)),
    allowedOrigins: config.allowedOrigins,
    onInternalError,
  });

  const drain = watchConnections(server);

  const steps = createSteps(stepDependencies);
  await billing.reconcile.planNight();
  await jobs.start({
    SUBMIT: steps.submit,
    POLL: steps.poll,
    STRIPE_EVENT: billing.jobs.applyEvent,
    PLAN_PERIOD: billing.jobs.nextMonth,
    TOP_UP: billing.jobs.topUp,
    RECONCILE: billing.jobs.reconcile,
  });
  closers.push(() => jobs.stop());
  if (automaticJobs) {
    const sweep = async (): Promise<void> => {
      await ledger.sweep(sweepLimit);
      await billing.autoTopUp.sweep(sweepLimit);
      await uploads.removeExpired(sweepLimit);
    };
    const sweeping = repeat(sweep, sweepEveryMs, onError('The sweep failed.'));
    closers.push(() => sweeping.stop());
  }

  server.listen(config.port, config.host);
  await once(server, 'listening');
  // A TCP server has an address and a port once it listens.
  const { port } = server.address() as AddressInfo;
  boundUrl = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  closers.push(async () => {
    closing = true;
    graphql.endStreams();
    await Promise.all([webSockets.end(), drain(drainMs)]);
  });
  if (stripeSandbox !== null) {
    stripeSandbox.deliverPending().catch(onError('Events of the Stripe sandbox were not delivered.'));
  }
  // First of all: a move could take longer than requests in flight may.
  if (clockMoves !== null) closers.push(() => clockMoves.stop());
  return { url: boundUrl, services, jobs, stripeSandbox: stripeSandbox?.controls ?? null, newAdminKey };
}

/** Holds that lapse, grants that begin and expire. */
const whatFallsDue = (ledger: Ledger, billing: Billing): FallsDue => ({
  nextDueAt: (after) => ledger.nextDueAt(after),
  finish: async () => {
    while ((await ledger.sweep(sweepLimit)) === sweepLimit);
    await billing.autoTopUp.sweep(sweepLimit);
  },
});

/** Renewals, trials, retries, debits and checkouts of the Stripe sandbox. */
const stripeSandboxDue = (stripeSandbox: StripeSandbox): FallsDue => ({
  nextDueAt: (after) => stripeSandbox.nextDueAt(after),
  finish: async () => {
    await stripeSandbox.deliverPending();
  },
});

async function answers({ prisma }: Database): Promise<boolean> {
  try {
    await prisma.$queryRaw`SELECT 1`;
    return true;
  } catch {
    return false;
  }
}

/** Makes the accounts of a first start; gives the administrator's key if it made one that nobody knows yet. */
async function ensureAccounts(accounts: Accounts, config: Config): Promise<string | null> {
  await accounts.ensure({ id: administratorId, name: 'Administrator', welcome: false });
  if (config.demoKeys) {
    await accounts.ensure({ id: demoAccountId, name: 'Demo', welcome: true });
    await accounts.replaceKey(demoAccountId, demoKeys.account, 'Demo key', 'account');
    await accounts.replaceKey(administratorId, demoKeys.admin, 'Demo key', 'admin');
  }
  if (config.adminApiKey !== null) {
    await accounts.replaceKey(administratorId, config.adminApiKey, 'ADMIN_API_KEY', 'admin');
  }
  if (await accounts.hasAdministrator()) return null;
  const fresh = accounts.newKey();
  await accounts.replaceKey(administratorId, fresh, 'First key', 'admin');
  return fresh;
}

/** Stripe, or the stand-in that the same SDK talks to, or nothing when billing is disabled. */
async function openStripe(options: {
  config: Config;
  database: Database;
  clock: Clock;
  ids: IdSource;
  log: Logger;
  publicUrl: () => string;
  boundUrl: () => string;
}): Promise<{ stripe: Parameters<typeof createBilling>[0]['stripe']; stripeSandbox: StripeSandbox | null }> {
  const { config, database, clock, ids, log, publicUrl, boundUrl } = options;
  const { mode, stripeSecretKey, stripeWebhookSecret, stripeApiUrl } = config.billing;
  if (mode === 'sandbox') {
    // Any process of a shared port may be the one that an event reaches.
    const secret = await readSecret(database, ids, 'stripe-sandbox');
    const webhookSecret = `whsec_${Buffer.from(secret).toString('hex')}`;
    const stripeSandbox = createStripeSandbox({
      store: createStripeSandboxStore(database.prisma),
      clock,
      ids,
      checkoutBaseUrl: () => `${publicUrl()}/stripe-sandbox/checkout`,
      webhookUrl: () => `${boundUrl()}/functions/v1/billing-webhook`,
      webhookSecret,
      log,
    });
    const { host, port } = await stripeSandbox.listen();
    const client = createStripeClient({ secretKey: 'sk_test_sandbox', apiUrl: new URL(`http://${host}:${port}`) });
    return { stripe: { client, webhookSecret }, stripeSandbox };
  }
  if (mode === 'disabled' || stripeSecretKey === null || stripeWebhookSecret === null) {
    return { stripe: null, stripeSandbox: null };
  }
  const client = createStripeClient({ secretKey: stripeSecretKey, apiUrl: stripeApiUrl });
  return { stripe: { client, webhookSecret: stripeWebhookSecret }, stripeSandbox: null };
}
