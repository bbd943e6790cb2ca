import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';

type Variables = Record<string, string>;

/** The lines that tell what is wrong; none when nothing is. */
function problemsOf(variables: Variables): string[] {
  try {
    readConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

const testKeys = { STRIPE_SECRET_KEY: 'sk_test_abc', STRIPE_WEBHOOK_SECRET: 'whsec_abc' };
const liveKeys = { STRIPE_SECRET_KEY: 'sk_live_abc', STRIPE_WEBHOOK_SECRET: 'whsec_abc' };
const database = { DATABASE_URL: 'postgresql://user:secret@db.example:5432/credits?sslmode=require' };

test('given an empty environment, when it is read, then it is the sandbox on this machine, with an embedded database', () => {
  expect(readConfig({})).toEqual({
    host: '127.0.0.1',
    port: 4000,
    publicUrl: null,
    dataDir: '.data',
    databaseUrl: null,
    redisUrl: null,
    billing: {
      mode: 'sandbox',
      stripeSecretKey: null,
      stripeWebhookSecret: null,
      stripeApiUrl: null,
      reconcileRepair: false,
    },
    places: { perProvider: 64, perAccount: 16 },
    providers: {
      falKey: null,
      gmiApiKey: null,
      groqApiKey: null,
      falQueueUrl: 'https://queue.fal.run',
      falWebhookJwksUrl: 'https://rest.fal.ai/.well-known/jwks.json',
      gmiQueueUrl: 'https://console.gmicloud.ai/api/v1/ie/requestqueue/apikey',
      gmiLlmUrl: 'https://api.gmi-serving.com/v1',
      groqUrl: 'https://api.groq.com/openai/v1',
    },
    assetOrigins: [],
    assetBucket: null,
    adminApiKey: null,
    demoKeys: true,
    allowedRedirects: ['wzrd://'],
    allowedOrigins: [],
    persistedOnly: false,
    workers: 1,
    logLevel: 'info',
  });
});

test('given variables that are empty, when they are read, then they count as absent; others of the machine do not matter', () => {
  const names = [
    ...[
      'HOST',
      'PORT',
      'PUBLIC_URL',
      'DATA_DIR',
      'DATABASE_URL',
      'REDIS_URL',
      'BILLING_MODE',
      'STRIPE_SECRET_KEY',
      'LOG_LEVEL',
    ],
    ...['STRIPE_WEBHOOK_SECRET', 'STRIPE_API_URL', 'ADMIN_API_KEY', 'ALLOWED_REDIRECTS', 'ALLOWED_ORIGINS'],
    ...['RECONCILE_REPAIR', 'PROVIDER_CONCURRENCY', 'ACCOUNT_CONCURRENCY'],
    ...['RECONCILE_REPAIR', 'FAL_KEY', 'GMI_API_KEY', 'GROQ_API_KEY', 'FAL_QUEUE_URL', 'FAL_WEBHOOK_JWKS_URL'],
    ...['GMI_QUEUE_URL', 'GMI_LLM_URL', 'GROQ_URL', 'ASSET_ORIGINS', 'ASSET_BUCKET', 'ASSET_BUCKET_ENDPOINT'],
    ...['ASSET_BUCKET_REGION', 'ASSET_BUCKET_ACCESS_KEY_ID', 'ASSET_BUCKET_SECRET_ACCESS_KEY'],
  ];
  const empty = Object.fromEntries(names.map((name) => [name, '']));
  expect(readConfig({ ...empty, PATH: '/bin', port: '1', STRIPE_SECRET: 'x' })).toEqual(readConfig({}));
});

test('given every variable, when it is read, then each has its place', () => {
  expect(
    readConfig({
      HOST: '0.0.0.0',
      PORT: '8080',
      PUBLIC_URL: 'https://api.studio.example/credits/',
      DATA_DIR: '/var/lib/wzrd',
      ...database,
      REDIS_URL: 'rediss://user:secret@redis.example:6380/1',
      BILLING_MODE: 'live',
      ...liveKeys,
      STRIPE_API_URL: 'https://stripe.proxy.example:8443',
      RECONCILE_REPAIR: 'true',
      PROVIDER_CONCURRENCY: '10',
      ACCOUNT_CONCURRENCY: '5',
      FAL_KEY: 'key-of-fal:secret',
      GMI_API_KEY: 'key-of-gmi',
      GROQ_API_KEY: 'gsk_key-of-groq',
      FAL_QUEUE_URL: 'https://fal.proxy.example/queue/',
      FAL_WEBHOOK_JWKS_URL: 'https://fal.proxy.example/jwks.json',
      GMI_QUEUE_URL: 'https://gmi.proxy.example/',
      GMI_LLM_URL: 'https://gmi.proxy.example/v1',
      GROQ_URL: 'http://localhost:9999/v1/',
      ASSET_ORIGINS: 'https://files.example, http://localhost:9000',
      ASSET_BUCKET: 'studio-files',
      ASSET_BUCKET_ENDPOINT: 'https://store.example/',
      ASSET_BUCKET_REGION: 'eu-central-1',
      ASSET_BUCKET_ACCESS_KEY_ID: 'id-of-a-key',
      ASSET_BUCKET_SECRET_ACCESS_KEY: 'secret-of-a-key',
      ADMIN_API_KEY: 'k'.repeat(16),
      ALLOWED_REDIRECTS: 'https://studio.example, wzrd://,http://localhost:3000,',
      ALLOWED_ORIGINS: ' https://studio.example,https://app.example:8443 ',
      PERSISTED_ONLY: 'true',
      WORKERS: '4',
      LOG_LEVEL: 'debug',
    }),
  ).toEqual({
    host: '0.0.0.0',
    port: 8080,
    publicUrl: 'https://api.studio.example/credits',
    dataDir: '/var/lib/wzrd',
    databaseUrl: database.DATABASE_URL,
    redisUrl: 'rediss://user:secret@redis.example:6380/1',
    billing: {
      mode: 'live',
      stripeSecretKey: 'sk_live_abc',
      stripeWebhookSecret: 'whsec_abc',
      stripeApiUrl: new URL('https://stripe.proxy.example:8443'),
      reconcileRepair: true,
    },
    places: { perProvider: 10, perAccount: 5 },
    providers: {
      falKey: 'key-of-fal:secret',
      gmiApiKey: 'key-of-gmi',
      groqApiKey: 'gsk_key-of-groq',
      falQueueUrl: 'https://fal.proxy.example/queue',
      falWebhookJwksUrl: 'https://fal.proxy.example/jwks.json',
      gmiQueueUrl: 'https://gmi.proxy.example',
      gmiLlmUrl: 'https://gmi.proxy.example/v1',
      groqUrl: 'http://localhost:9999/v1',
    },
    assetOrigins: ['https://files.example', 'http://localhost:9000'],
    assetBucket: {
      bucket: 'studio-files',
      endpoint: 'https://store.example',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'id-of-a-key', secretAccessKey: 'secret-of-a-key' },
    },
    adminApiKey: 'k'.repeat(16),
    demoKeys: false,
    allowedRedirects: ['https://studio.example', 'wzrd://', 'http://localhost:3000'],
    allowedOrigins: ['https://studio.example', 'https://app.example:8443'],
    persistedOnly: true,
    workers: 4,
    logLevel: 'debug',
  });
});

test('given a bucket with half of a key, or a key without a bucket, when it is read, then it says what is missing', () => {
  const bucket = { ASSET_BUCKET: 'studio' };
  const id = { ASSET_BUCKET_ACCESS_KEY_ID: 'id-of-a-key' };
  const secret = { ASSET_BUCKET_SECRET_ACCESS_KEY: 'secret-of-a-key' };
  expect(problemsOf(bucket)).toEqual([]);
  expect(readConfig(bucket).assetBucket).toEqual({
    bucket: 'studio',
    endpoint: null,
    region: 'us-east-1',
    credentials: null,
  });
  expect(problemsOf({ ...bucket, ...id, ...secret })).toEqual([]);
  expect(problemsOf({ ...bucket, ...id })).toEqual([
    'ASSET_BUCKET_SECRET_ACCESS_KEY is needed with ASSET_BUCKET_ACCESS_KEY_ID',
  ]);
  expect(problemsOf({ ...bucket, ...secret })).toEqual([
    'ASSET_BUCKET_ACCESS_KEY_ID is needed with ASSET_BUCKET_SECRET_ACCESS_KEY',
  ]);
  expect(problemsOf({ ...id, ...secret })).toEqual(['ASSET_BUCKET is needed with the other settings of the bucket']);
});

describe('values of one variable', () => {
  const port = 'must be a port number from 0 to 65535';
  const url = 'must be an http or https URL';
  const origins = 'must list origins, such as https://studio.example';
  const redirects = `${origins}, and schemes of clients, such as wzrd://`;

  test.each<[string, string[], string[], string]>([
    ['PORT', ['0', '80', '65535'], ['65536', '-1', '1.5', 'http', ' ', '0x10', '1e3', '٤٠٠٠', '123456'], port],
    [
      'PROVIDER_CONCURRENCY',
      ['1', '10000'],
      ['0', '-1', '1.5', '10001', 'many'],
      'must be a whole number from 1 to 10000',
    ],
    ['ACCOUNT_CONCURRENCY', ['1'], ['0', '123456'], 'must be a whole number from 1 to 10000'],
    [
      'PUBLIC_URL',
      ['https://api.example', 'http://localhost:4000/'],
      ['api.example', 'ftp://api.example', '/', 'https://'],
      url,
    ],
    ['STRIPE_API_URL', [], ['stripe', 'ws://stripe.example'], url],
    ['FAL_QUEUE_URL', ['https://queue.fal.run', 'http://127.0.0.1:1/'], ['fal', 'ws://fal.example'], url],
    ['GROQ_URL', ['https://api.groq.com/openai/v1'], ['groq', '/v1'], url],
    ['FAL_KEY', ['id:secret-of-it'], ['short', 'with a space in it'], 'must have at least 8 characters and no spaces'],
    [
      'ASSET_ORIGINS',
      ['https://files.example', 'http://localhost:9000'],
      ['*', 'https://files.example/'],
      'must list origins, such as https://files.example',
    ],
    ['ASSET_BUCKET', ['studio', 'a.b-3'], ['Studio', 'x', '-studio', 'a b'], 'must be the name of a bucket'],
    [
      'DATABASE_URL',
      ['postgres://db/x', 'postgresql://user:p%40ss@[::1]:5432/x'],
      ['mysql://db/x', 'db', 'file:./dev.db', 'https://db.example'],
      'must be a postgres:// or postgresql:// URL',
    ],
    [
      'REDIS_URL',
      ['redis://redis', 'rediss://:p%40ss@[::1]:6380/1'],
      ['redis', 'redis://', 'redis:6379', 'localhost:6379', 'https://redis.example', 'redis://redis/x'],
      'must be a redis:// or rediss:// URL',
    ],
    [
      'BILLING_MODE',
      ['disabled', 'sandbox'],
      ['test', 'LIVE', 'true', ' sandbox'],
      'must be disabled, sandbox, test_only or live',
    ],
    [
      'STRIPE_SECRET_KEY',
      [],
      ['pk_test_abc', 'sk_abc', 'sk_test_', 'sk_test_a b', 'whsec_abc', 'xsk_live_abc'],
      'must begin with sk_test_ or sk_live_',
    ],
    ['RECONCILE_REPAIR', ['true', 'false'], ['1', 'yes', 'TRUE', ' true'], 'must be true or false'],
    ['STRIPE_WEBHOOK_SECRET', ['whsec_x'], ['sk_test_abc', 'WHSEC_x'], 'must begin with whsec_'],
    [
      'ADMIN_API_KEY',
      ['k'.repeat(16)],
      ['k'.repeat(15), `${'k'.repeat(16)} k`],
      'must have at least 16 characters and no spaces',
    ],
    [
      'ALLOWED_REDIRECTS',
      ['wzrd://', 'https://a.example,my-app+x.y://'],
      [
        '*',
        'studio.example',
        'https://a.example/',
        'https://a.example/path',
        'wzrd',
        'wzrd://billing',
        'javascript://',
        'data://',
        'http://',
        'WZRD://',
        'https://A.example',
      ],
      redirects,
    ],
    [
      'ALLOWED_ORIGINS',
      ['https://a.example', 'http://localhost:3000'],
      ['*', 'a.example', 'https://a.example/', 'https://*.example', 'null', 'wzrd://', 'https://a.example:443'],
      origins,
    ],
    [
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      ['verbose', 'INFO', '30'],
      'must be fatal, error, warn, info, debug, trace or silent',
    ],
  ])('%s takes what is right and says what is wrong with the rest', (name, good, bad, problem) => {
    for (const value of good) expect([value, problemsOf({ [name]: value })]).toEqual([value, []]);
    for (const value of bad) expect([value, problemsOf({ [name]: value })]).toEqual([value, [`${name} ${problem}`]]);
  });
});

describe('the billing mode', () => {
  test.each<[string, Variables, string]>([
    ['nothing', {}, 'sandbox'],
    ['a database', database, 'disabled'],
    ['a test key', testKeys, 'test_only'],
    ['a live key', liveKeys, 'live'],
    ['a restricted live key', { ...liveKeys, STRIPE_SECRET_KEY: 'rk_live_abc' }, 'live'],
    ['a database and a test key', { ...database, ...testKeys }, 'test_only'],
    ['a database and the sandbox by name', { ...database, BILLING_MODE: 'sandbox' }, 'sandbox'],
    ['keys, but switched off by name', { ...liveKeys, BILLING_MODE: 'disabled' }, 'disabled'],
  ])('given %s, when it is read, then the mode follows', (_name, variables, mode) => {
    expect(readConfig(variables).billing.mode).toBe(mode);
  });

  test.each<[string, Variables, string[]]>([
    [
      'a live key in test mode',
      { BILLING_MODE: 'test_only', ...liveKeys },
      ['STRIPE_SECRET_KEY is a live key; with BILLING_MODE=test_only it must begin with sk_test_ or rk_test_'],
    ],
    [
      'a test key in live mode',
      { BILLING_MODE: 'live', ...testKeys },
      ['STRIPE_SECRET_KEY is a test key; with BILLING_MODE=live it must begin with sk_live_ or rk_live_'],
    ],
    [
      'a restricted test key in live mode',
      { BILLING_MODE: 'live', ...testKeys, STRIPE_SECRET_KEY: 'rk_test_abc' },
      ['STRIPE_SECRET_KEY is a test key; with BILLING_MODE=live it must begin with sk_live_ or rk_live_'],
    ],
    [
      'live mode without keys',
      { BILLING_MODE: 'live' },
      ['STRIPE_SECRET_KEY is needed with BILLING_MODE=live', 'STRIPE_WEBHOOK_SECRET is needed with BILLING_MODE=live'],
    ],
    [
      'a key without the secret of its webhook',
      { STRIPE_SECRET_KEY: 'sk_test_abc' },
      ['STRIPE_WEBHOOK_SECRET is needed with BILLING_MODE=test_only'],
    ],
    [
      'a live key in the sandbox',
      { BILLING_MODE: 'sandbox', ...liveKeys },
      ['STRIPE_SECRET_KEY has no use with BILLING_MODE=sandbox; leave one of them out'],
    ],
    [
      'another Stripe in the sandbox',
      { STRIPE_API_URL: 'https://stripe.example' },
      ['STRIPE_API_URL has no use with BILLING_MODE=sandbox, which brings its own'],
    ],
  ])('G34 given %s, when it is read, then it is refused', (_name, variables, problems) => {
    expect(problemsOf(variables)).toEqual(problems);
  });
});

test('given all that can be wrong at once, when it is read, then all of it is said, each once, and no value is repeated', () => {
  const problems = problemsOf({
    PORT: 'four-thousand',
    PUBLIC_URL: 'nowhere',
    DATABASE_URL: 'mysql://user:secret-of-the-database@db/x',
    REDIS_URL: 'http://:secret-of-redis@redis',
    BILLING_MODE: 'live',
    STRIPE_SECRET_KEY: 'sk_test_secret-of-stripe',
    STRIPE_API_URL: 'nowhere',
    FAL_KEY: 'secret-of fal',
    ADMIN_API_KEY: 'secret-of-admin',
    ALLOWED_ORIGINS: '*',
    ALLOWED_REDIRECTS: '*',
    LOG_LEVEL: 'loud',
  });
  expect(problems.map((line) => line.split(' ')[0])).toEqual([
    'PORT',
    'PUBLIC_URL',
    'DATABASE_URL',
    'REDIS_URL',
    'STRIPE_SECRET_KEY',
    'STRIPE_API_URL',
    'FAL_KEY',
    'ADMIN_API_KEY',
    'ALLOWED_REDIRECTS',
    'ALLOWED_ORIGINS',
    'LOG_LEVEL',
    'STRIPE_WEBHOOK_SECRET', // Needed with the mode, which is right.
  ]);
  expect(problems.join('\n')).not.toContain('secret-of');
});

test('given a mode that is wrong, when it is read, then no more is guessed from it', () => {
  expect(problemsOf({ BILLING_MODE: 'prod', STRIPE_SECRET_KEY: 'sk_live_abc' })).toEqual([
    'BILLING_MODE must be disabled, sandbox, test_only or live',
  ]);
});

test.each<[string, Variables, boolean]>([
  ['the sandbox on this machine', {}, true],
  ['localhost by name', { HOST: 'localhost' }, true],
  ['loopback of IPv6', { HOST: '::1' }, true],
  ['all interfaces', { HOST: '0.0.0.0' }, false],
  ['all interfaces of IPv6', { HOST: '::' }, false],
  ['a name that begins like localhost', { HOST: 'localhost.example' }, false],
  ['a database of its own', { ...database, BILLING_MODE: 'sandbox' }, false],
  ['real keys', testKeys, false],
  ['billing switched off', { BILLING_MODE: 'disabled' }, false],
])(
  'G37 given %s, when it is read, then keys that everybody knows count only on this machine',
  (_name, variables, demoKeys) => {
    expect(readConfig(variables).demoKeys).toBe(demoKeys);
  },
);

test('given several processes on the embedded database, when it is read, then that is refused', () => {
  expect(() => readConfig({ WORKERS: '2' })).toThrow(/WORKERS above 1 need DATABASE_URL/);
  expect(() => readConfig({ WORKERS: '0' })).toThrow(/WORKERS must be a number from 1 to 64/);
  expect(readConfig({ WORKERS: '2', DATABASE_URL: 'postgresql://localhost/x' }).workers).toBe(2);
});
