import { z } from 'zod';

export type BillingMode = 'disabled' | 'sandbox' | 'test_only' | 'live';

/** Everything that the environment decides, checked once at start. */
export interface Config {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where clients reach this server, without a trailing slash; null means the bound host and port. */
  readonly publicUrl: string | null;
  /** The folder of the embedded database, its lock and the assets. */
  readonly dataDir: string;
  /** Absent: the embedded database. */
  readonly databaseUrl: string | null;
  /** Where processes tell each other of changes; null: through the database. */
  readonly redisUrl: string | null;
  readonly billing: {
    readonly mode: BillingMode;
    readonly stripeSecretKey: string | null;
    readonly stripeWebhookSecret: string | null;
    readonly stripeApiUrl: URL | null;
    /** Whether the nightly comparison with Stripe repairs what it finds. */
    readonly reconcileRepair: boolean;
  };
  /** How many generations may be under way at once; the others wait for their turn. */
  readonly places: { readonly perProvider: number; readonly perAccount: number };
  /** Who runs the models. URLs have no trailing slash; a model whose provider has no key cannot be run. */
  readonly providers: {
    readonly falKey: string | null;
    readonly gmiApiKey: string | null;
    readonly groqApiKey: string | null;
    readonly falQueueUrl: string;
    readonly falWebhookJwksUrl: string;
    readonly gmiQueueUrl: string;
    readonly gmiLlmUrl: string;
    readonly groqUrl: string;
  };
  /** Origins whose files are fetched wherever they are, also over http and from private networks. */
  readonly assetOrigins: readonly string[];
  /** Where files are kept; null means a folder in `dataDir`. */
  readonly assetBucket: BucketConfig | null;
  readonly adminApiKey: string | null;
  /** Fixed keys that everybody knows: embedded database, sandbox mode and loopback only. */
  readonly demoKeys: boolean;
  /** Origins (`https://studio.example`) and schemes (`wzrd://`) that a checkout may return to. */
  readonly allowedRedirects: readonly string[];
  /** Origins whose pages may call this API. */
  readonly allowedOrigins: readonly string[];
  /** Whether only the documents of the typed client run. */
  readonly persistedOnly: boolean;
  /** How many processes share the port; 1 is this one alone. */
  readonly workers: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

/** A bucket of a store that speaks the protocol of Amazon S3. */
export interface BucketConfig {
  readonly bucket: string;
  /** Null: Amazon's own. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: what the machine has, such as a role. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
}

/** Says what is wrong with the environment, all of it at once; `message` has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Items between commas, each of which `isRight`. */
const listOf = (isRight: (item: string) => boolean, error: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .transform((items) => items.filter((item) => item !== ''))
    .refine((items) => items.every(isRight), { error });

const isOrigin = (text: string): boolean =>
  /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
/** Of a desktop client; a browser runs or shows what comes with some others. */
const isClientScheme = (text: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\/$/.test(text) && !/^(https?|javascript|data|file|blob|vbscript|about):/.test(text);

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d*)?$/.test(pathname);
}

const portProblem = 'must be a port number from 0 to 65535';

const placesProblem = 'must be a whole number from 1 to 10000';

/** How many may be under way at once. */
const places = (usual: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, placesProblem)
    .transform(Number)
    .pipe(z.number().min(1, placesProblem).max(10_000, placesProblem))
    .default(usual);

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const withoutSlash = httpUrl.transform((url) => url.replace(/\/+$/, ''));

const providerKey = z.string().regex(/^\S{8,}$/, 'must have at least 8 characters and no spaces');

const environmentSchema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portProblem)
    .transform(Number)
    .pipe(z.number().max(65_535, portProblem))
    .default(4000),
  PUBLIC_URL: withoutSlash.optional(),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// or postgresql:// URL' }).optional(),
  REDIS_URL: z.string().refine(isRedisUrl, { error: 'must be a redis:// or rediss:// URL' }).optional(),
  BILLING_MODE: z
    .enum(['disabled', 'sandbox', 'test_only', 'live'], { error: 'must be disabled, sandbox, test_only or live' })
    .optional(),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/, 'must begin with sk_test_ or sk_live_')
    .optional(),
  STRIPE_WEBHOOK_SECRET: z.string().startsWith('whsec_', 'must begin with whsec_').optional(),
  STRIPE_API_URL: httpUrl.transform((url) => new URL(url)).optional(),
  RECONCILE_REPAIR: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((word) => word === 'true')
    .default(false),
  PROVIDER_CONCURRENCY: places(64),
  ACCOUNT_CONCURRENCY: places(16),
  FAL_KEY: providerKey.optional(),
  GMI_API_KEY: providerKey.optional(),
  GROQ_API_KEY: providerKey.optional(),
  FAL_QUEUE_URL: withoutSlash.default('https://queue.fal.run'),
  FAL_WEBHOOK_JWKS_URL: httpUrl.default('https://rest.fal.ai/.well-known/jwks.json'),
  GMI_QUEUE_URL: withoutSlash.default('https://console.gmicloud.ai/api/v1/ie/requestqueue/apikey'),
  GMI_LLM_URL: withoutSlash.default('https://api.gmi-serving.com/v1'),
  GROQ_URL: withoutSlash.default('https://api.groq.com/openai/v1'),
  ASSET_ORIGINS: listOf(isOrigin, 'must list origins, such as https://files.example').optional(),
  ASSET_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  ASSET_BUCKET_ENDPOINT: withoutSlash.optional(),
  ASSET_BUCKET_REGION: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be the name of a region')
    .default('us-east-1'),
  ASSET_BUCKET_ACCESS_KEY_ID: z.string().optional(),
  ASSET_BUCKET_SECRET_ACCESS_KEY: z.string().optional(),
  ADMIN_API_KEY: z
    .string()
    .regex(/^\S{16,}$/, 'must have at least 16 characters and no spaces')
    .optional(),
  ALLOWED_REDIRECTS: listOf(
    (item) => isOrigin(item) || isClientScheme(item),
    'must list origins, such as https://studio.example, and schemes of clients, such as wzrd://',
  ).optional(),
  ALLOWED_ORIGINS: listOf(isOrigin, 'must list origins, such as https://studio.example').optional(),
  PERSISTED_ONLY: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((word) => word === 'true')
    .default(false),
  WORKERS: z
    .string()
    .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a number from 1 to 64')
    .transform(Number)
    .default(1),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
});

type Environment = z.infer<typeof environmentSchema>;

const loopbackHosts = new Set(['127.0.0.1', '::1', 'localhost']);

/** Reads the configuration from environment variables; an empty variable counts as absent. Throws {@link ConfigError}. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(present);
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  const wrong = new Set(problems.map(nameIn));
  // Every variable may be absent, so that the others can be judged without the wrong ones.
  const right = Object.fromEntries(Object.entries(present).filter(([name]) => !wrong.has(name)));
  const environment = parsed.success ? parsed.data : environmentSchema.parse(right);
  const mode = billingMode(environment);
  if (!wrong.has('BILLING_MODE')) {
    // A variable that is wrong is not missing as well.
    problems.push(...billingProblems(mode, environment).filter((problem) => !wrong.has(nameIn(problem))));
  }
  if (environment.WORKERS > 1 && environment.DATABASE_URL === undefined && !wrong.has('DATABASE_URL')) {
    problems.push('WORKERS above 1 need DATABASE_URL: the embedded database has one process');
  }
  problems.push(
    ...bucketProblems(environment).filter((problem) => !wrong.has('ASSET_BUCKET') && !wrong.has(nameIn(problem))),
  );
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));

  const sandbox = mode === 'sandbox';
  return {
    host: environment.HOST,
    port: environment.PORT,
    publicUrl: environment.PUBLIC_URL ?? null,
    dataDir: environment.DATA_DIR,
    databaseUrl: environment.DATABASE_URL ?? null,
    redisUrl: environment.REDIS_URL ?? null,
    billing: {
      mode,
      stripeSecretKey: environment.STRIPE_SECRET_KEY ?? null,
      stripeWebhookSecret: environment.STRIPE_WEBHOOK_SECRET ?? null,
      stripeApiUrl: environment.STRIPE_API_URL ?? null,
      reconcileRepair: environment.RECONCILE_REPAIR,
    },
    places: { perProvider: environment.PROVIDER_CONCURRENCY, perAccount: environment.ACCOUNT_CONCURRENCY },
    providers: {
      falKey: environment.FAL_KEY ?? null,
      gmiApiKey: environment.GMI_API_KEY ?? null,
      groqApiKey: environment.GROQ_API_KEY ?? null,
      falQueueUrl: environment.FAL_QUEUE_URL,
      falWebhookJwksUrl: environment.FAL_WEBHOOK_JWKS_URL,
      gmiQueueUrl: environment.GMI_QUEUE_URL,
      gmiLlmUrl: environment.GMI_LLM_URL,
      groqUrl: environment.GROQ_URL,
    },
    assetOrigins: environment.ASSET_ORIGINS ?? [],
    assetBucket: bucketOf(environment),
    adminApiKey: environment.ADMIN_API_KEY ?? null,
    demoKeys: sandbox && environment.DATABASE_URL === undefined && loopbackHosts.has(environment.HOST),
    allowedRedirects: environment.ALLOWED_REDIRECTS ?? ['wzrd://'],
    allowedOrigins: environment.ALLOWED_ORIGINS ?? [],
    persistedOnly: environment.PERSISTED_ONLY,
    workers: environment.WORKERS,
    logLevel: environment.LOG_LEVEL,
  };
}

/** Each problem begins with the name of its variable. */
const nameIn = (problem: string): string => problem.slice(0, problem.indexOf(' '));

function billingMode(environment: Environment): BillingMode {
  if (environment.BILLING_MODE !== undefined) return environment.BILLING_MODE;
  if (environment.STRIPE_SECRET_KEY !== undefined) {
    return isLiveKey(environment.STRIPE_SECRET_KEY) ? 'live' : 'test_only';
  }
  return environment.DATABASE_URL === undefined ? 'sandbox' : 'disabled';
}

const isLiveKey = (key: string): boolean => /^(sk|rk)_live_/.test(key);

function bucketOf(environment: Environment): BucketConfig | null {
  const { ASSET_BUCKET: bucket, ASSET_BUCKET_REGION: region } = environment;
  const { ASSET_BUCKET_ACCESS_KEY_ID: accessKeyId, ASSET_BUCKET_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (bucket === undefined) return null;
  return {
    bucket,
    endpoint: environment.ASSET_BUCKET_ENDPOINT ?? null,
    region,
    credentials: accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey },
  };
}

function bucketProblems(environment: Environment): string[] {
  const { ASSET_BUCKET_ACCESS_KEY_ID: id, ASSET_BUCKET_SECRET_ACCESS_KEY: secret } = environment;
  const problems: string[] = [];
  if (id !== undefined && secret === undefined) {
    problems.push('ASSET_BUCKET_SECRET_ACCESS_KEY is needed with ASSET_BUCKET_ACCESS_KEY_ID');
  }
  if (secret !== undefined && id === undefined) {
    problems.push('ASSET_BUCKET_ACCESS_KEY_ID is needed with ASSET_BUCKET_SECRET_ACCESS_KEY');
  }
  if (environment.ASSET_BUCKET === undefined && (id ?? secret ?? environment.ASSET_BUCKET_ENDPOINT) !== undefined) {
    problems.push('ASSET_BUCKET is needed with the other settings of the bucket');
  }
  return problems;
}

function billingProblems(mode: BillingMode, environment: Environment): string[] {
  const { STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: webhookSecret } = environment;
  const problems: string[] = [];
  if (mode === 'live' || mode === 'test_only') {
    const [wanted, given] = mode === 'live' ? ['live', 'test'] : ['test', 'live'];
    if (key === undefined) problems.push(`STRIPE_SECRET_KEY is needed with BILLING_MODE=${mode}`);
    else if (isLiveKey(key) !== (mode === 'live')) {
      problems.push(
        `STRIPE_SECRET_KEY is a ${given} key; with BILLING_MODE=${mode} it must begin with sk_${wanted}_ or rk_${wanted}_`,
      );
    }
    if (webhookSecret === undefined) problems.push(`STRIPE_WEBHOOK_SECRET is needed with BILLING_MODE=${mode}`);
  }
  if (mode === 'sandbox') {
    if (key !== undefined)
      problems.push('STRIPE_SECRET_KEY has no use with BILLING_MODE=sandbox; leave one of them out');
    if (environment.STRIPE_API_URL !== undefined) {
      problems.push('STRIPE_API_URL has no use with BILLING_MODE=sandbox, which brings its own');
    }
  }
  return problems;
}
