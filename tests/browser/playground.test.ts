import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, openPlayground, type PlaygroundPage } from './playground-page.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const patiently = { interval: 250, timeout: 15_000 };

let browser: Browser;
let server: RunningServer;
let playground: PlaygroundPage;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const path = join(tmpdir(), `wzrd-playground-${task.id}.png`);
  await playground.page.screenshot({ path });
  process.stderr.write(`What the browser showed: ${path}\n`);
});

/** A new server with the wallet of a new demo account, and its playground in a new browser. */
function givenANewServer(): void {
  beforeAll(async () => {
    server = await startServer();
    playground = await openPlayground(browser, server.address);
  });
  afterAll(async () => {
    await playground?.page.context().close();
    await server?.stop();
  });
}

interface Wallet {
  readonly wallet: { readonly available: number; readonly held: number };
}

const balance = async (): Promise<Wallet['wallet']> =>
  (await server.call<Wallet>('{ wallet { available held } }')).wallet;

/** Calls a model and waits until it is charged. */
async function spend(input: object): Promise<void> {
  const { generate } = await server.call<{ generate: { __typename: string } }>(
    'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }',
    { input },
  );
  expect(generate.__typename).toBe('Generation');
  await expect.poll(async () => (await balance()).held, patiently).toBe(0);
}

describe('given the wallet of a new demo account', () => {
  givenANewServer();

  test('when the playground opens, then it has asked nobody else and complains about nothing', async () => {
    expect(await playground.page.title()).toBe('wzrd-credits playground');
    expect(await playground.titles()).toContain('GenerateTooMuch');
    await playground.run();
    const { host } = new URL(server.address);
    expect(playground.requests.map((address) => new URL(address).host)).toEqual(playground.requests.map(() => host));
    expect(playground.complaints).toEqual([]);
  });

  test('when it is opened again, then the same tab is open and none was added', async () => {
    const titles = await playground.titles();
    await playground.reload();
    expect(await playground.titles()).toEqual(titles);
    await expect(playground.run()).resolves.toHaveProperty('data.models');
  });

  test('when a tab is closed and the storage is cleared, then the examples come back', async () => {
    const titles = await playground.titles();
    const { page } = playground;
    await page.getByRole('button', { name: 'Close Tab' }).click();
    // GraphiQL stores what has changed half a second later.
    const stored = (): Promise<string[]> =>
      page.evaluate("JSON.parse(localStorage['wzrd-credits:graphiql:tabState']).tabs.map(({ title }) => title)");
    await expect.poll(stored, patiently).toEqual(titles.slice(1));
    await page.getByRole('button', { name: 'Open settings dialog' }).click();
    await page.getByRole('button', { name: 'Clear data' }).click();
    await page.getByRole('button', { name: 'Cleared data' }).waitFor();
    await playground.reload();
    expect(await playground.titles()).toEqual(titles);
  });

  test('when the wallet is looked at, then it has 100 credits', async () => {
    await playground.open('Wallet');
    await expect(playground.run()).resolves.toMatchObject({ data: { wallet: { available: 100, held: 0 } } });
  });

  test('when an image is generated, then 4 credits are held, charged, and gone', async () => {
    await playground.open('Generate');
    await expect(playground.run()).resolves.toMatchObject({
      data: { generate: { __typename: 'Generation', status: 'QUEUED', creditsHeld: 4 } },
    });
    await expect.poll(async () => (await balance()).held, patiently).toBe(0);
    await playground.open('Wallet');
    await expect(playground.run()).resolves.toMatchObject({
      data: {
        wallet: {
          available: 96,
          held: 0,
          transactions: {
            nodes: [
              { type: 'CAPTURE', credits: 4, amount: 0, fundings: [{ amount: 4, grant: { source: 'WELCOME' } }] },
              { type: 'HOLD', credits: 4, amount: -4, availableAfter: 96 },
              { type: 'GRANT', credits: 100, amount: 100, availableAfter: 100 },
            ],
          },
        },
      },
    });
  });

  test('when a model of 50 credits is called at 49, then it is refused and a pack is suggested', async () => {
    await spend({ kind: 'VIDEO', prompt: 'A ship' }); // 96 - 20 = 76
    await spend({ kind: 'VIDEO', prompt: 'A wave' }); // 76 - 20 = 56
    await spend({ modelId: 'fal-ai/nano-banana-pro', prompt: 'A gull' }); // 56 - 7 = 49
    await playground.open('GenerateTooMuch');
    await expect(playground.run()).resolves.toMatchObject({
      data: {
        generate: {
          __typename: 'InsufficientCreditsError',
          code: 'INSUFFICIENT_CREDITS',
          required: 50,
          available: 49,
          shortfall: 1,
          suggestedPack: { code: 'pack_100', price: { formatted: '$10.00' } },
        },
      },
    });
    expect(await balance()).toEqual({ available: 49, held: 0 });
  });

  test('when the pack is paid on the checkout page, then 100 credits arrive and the model runs', async () => {
    const { page } = playground;
    await playground.open('Checkout');
    const answer = await playground.run();
    expect(answer).toMatchObject({
      data: { createCheckout: { __typename: 'Checkout', price: { formatted: '$10.00' }, credits: 100 } },
    });

    await page.locator('.graphiql-response .cm-string', { hasText: 'http' }).first().hover();
    const [checkout] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Open in a new tab' }).click(),
    ]);
    await checkout.getByText('$10.00').first().waitFor();
    await checkout.getByRole('button', { name: 'Pay', exact: true }).click();
    await checkout.getByRole('heading', { name: '100 credits have arrived' }).waitFor();
    await checkout.close();

    await playground.open('Wallet');
    const available = async (): Promise<unknown> => (await playground.run()).data?.['wallet'];
    await expect.poll(available, patiently).toMatchObject({ available: 149, held: 0 });
    await playground.open('GenerateTooMuch');
    await expect(playground.run()).resolves.toMatchObject({
      data: { generate: { __typename: 'Generation', creditsHeld: 50 } },
    });
    await expect.poll(balance, patiently).toEqual({ available: 99, held: 0 });
  });

  test('when a picture is opened by its address, then it shows', async () => {
    const page = await openAsset('image/png');
    await expect.poll(() => page.evaluate('document.images[0].naturalWidth'), patiently).toBe(512);
    await page.close();
  });

  test.each([
    ['film', 'VIDEO', 'video/webm', 3],
    ['sound', 'AUDIO', 'audio/wav', 2],
  ])('when a %s is opened by its address, then it plays', async (_what, kind, mimeType, seconds) => {
    await spend({ kind, prompt: 'A lighthouse' });
    const page = await openAsset(mimeType);
    const media = "document.querySelector('video')";
    const haveCurrentData = 2;
    const readyState = (): Promise<number> => page.evaluate(`${media}.readyState`);
    await expect.poll(readyState, patiently).toBeGreaterThanOrEqual(haveCurrentData);
    expect(await page.evaluate(`${media}.duration`)).toBeCloseTo(seconds, 1);
    await page.evaluate(`${media}.muted = true, ${media}.play()`);
    await expect.poll(() => page.evaluate(`${media}.currentTime`), patiently).toBeGreaterThan(0);
    await page.close();
  });
});

describe('given a playground with a live subscription', () => {
  givenANewServer();

  test('when the wallet is watched and something is generated, then each balance shows, until the watching is ended', async () => {
    await playground.open('LiveWallet');
    await playground.watch();
    const wallet = async (): Promise<unknown> => (await playground.shown()).data?.['walletUpdated'];
    await expect.poll(wallet, patiently).toMatchObject({ available: 100, held: 0 });
    await server.call('mutation { generate(input: { kind: IMAGE, prompt: "A gull" }) { __typename } }');
    await expect.poll(wallet, patiently).toMatchObject({ available: 96, held: 4 }); // 100 - 4
    await expect.poll(wallet, patiently).toMatchObject({ available: 96, held: 0 });
    await playground.page.getByRole('button', { name: /^Stop query/ }).click();
    await playground.page.getByRole('button', { name: /^Execute query/ }).waitFor();
    await spend({ kind: 'IMAGE', prompt: 'A wave' }); // 96 - 4 = 92
    expect(await wallet()).toMatchObject({ available: 96, held: 0 });
  });

  test('when a generation is watched, then it shows how it runs and ends', async () => {
    const { generate } = await server.call<{ generate: object }>(
      'mutation { generate(input: { kind: VIDEO, prompt: "A ship" }) { ... on Generation { id } } }',
    );
    await playground.open('LiveGeneration');
    await playground.writeVariables({ id: idIn(generate) });
    await playground.watch('LiveGeneration');
    const seen = new Set<unknown>();
    const status = async (): Promise<unknown> => {
      const { data } = await playground.shown();
      const generation = data?.['generationUpdated'] as { status: string } | undefined; // As the tab asks for it.
      seen.add(generation?.status);
      return generation?.status;
    };
    await expect.poll(status, { interval: 50, timeout: 15_000 }).toBe('SUCCEEDED');
    expect(seen).toContain('RUNNING');
    // It has ended by itself.
    await playground.page.getByRole('button', { name: /^Execute query/ }).waitFor();
    expect(playground.complaints).toEqual([]);
  });

  test('when several calls are tried out, then it shows what they would cost, and nothing is held', async () => {
    await playground.open('GenerateMany');
    await expect(playground.run()).resolves.toMatchObject({
      data: { generateMany: { dryRun: true, results: [{ creditsHeld: 4 }, { creditsHeld: 4 }, { status: 'QUEUED' }] } },
    });
    expect((await balance()).held).toBe(0);
  });
});

/** Opens the newest file of a type in a tab of its own. */
async function openAsset(mimeType: string): Promise<Page> {
  const { generations } = await server.call<{
    generations: { nodes: { assets: { url: string; mimeType: string }[] }[] };
  }>('{ generations(first: 20) { nodes { assets { url mimeType } } } }');
  const asset = generations.nodes.flatMap(({ assets }) => assets).find((file) => file.mimeType === mimeType);
  if (asset === undefined) throw new Error(`Nothing was made of the type ${mimeType}.`);
  const page = await playground.page.context().newPage();
  await page.goto(asset.url);
  return page;
}

describe('given a playground that nobody has used', () => {
  givenANewServer();

  test('when each tab is run as it stands, then it does what it says', async () => {
    const runs: readonly [title: string, expected: object, operation?: string][] = [
      ['Models', { models: expect.arrayContaining([expect.objectContaining({ id: 'fal-ai/flux/schnell' })]) }],
      ['PlansAndPacks', { billing: { mode: 'SANDBOX', checkoutAvailable: true } }],
      ['Quote', { quote: { __typename: 'Quote', credits: 60, affordable: true } }],
      ['Wallet', { wallet: { available: 100 } }],
      ['Generate', { generate: { __typename: 'Generation', creditsHeld: 4 } }],
      ['Generations', { generations: { nodes: [{ model: { name: 'Nano Banana 2' } }] }, generation: null }],
      ['GenerateMany', { generateMany: { dryRun: true } }],
      ['RetrySafely', { generate: { __typename: 'Generation', replayed: false } }],
      ['RetrySafely', { generate: { __typename: 'Generation', replayed: true } }],
      ['GenerateTooMuch', { generate: { __typename: 'Generation', creditsHeld: 50 } }],
      ['GenerateTooMuch', { generate: { __typename: 'InsufficientCreditsError' } }],
      ['Checkout', { createCheckout: { __typename: 'Checkout', status: 'CREATED' } }],
      ['Plan', { subscription: null, wallet: { monthly: { quota: 0 } } }, 'Plan'],
      ['Invoices', { invoices: { nodes: [], totalCount: 0 } }, 'Invoices'],
      ['AutoTopUp', { autoTopUp: null }, 'AutoTopUp'],
      ['ExplainAndUsage', { wallet: { byDay: expect.toSatisfy((days: unknown[]) => days.length >= 7) } }],
      ['CreateUpload', { createUpload: { __typename: 'Upload', maxBytes: 33_554_432 } }],
      ['DirectorsCut', { generate: { __typename: 'Generation', creditsHeld: 12 } }],
      ['SandboxOutcomes', { generate: { __typename: 'Generation', creditsHeld: 4 } }],
      ['Cancel', { cancelGeneration: { __typename: 'GenerationNotFoundError' } }, 'Cancel'],
      ['AdminAccount', { accountById: { account: { name: 'Demo' } } }, 'AdminAccount'],
    ];
    // What is watched has tests of its own.
    const titles = (await playground.titles()).filter((title) => !title.startsWith('Live'));
    expect(titles).toEqual([...new Set(runs.map(([title]) => title))]);
    for (const [title, data, operation] of runs) {
      await playground.open(title);
      const answer = await playground.run(operation);
      expect(answer, title).toMatchObject({ data });
      expect(answer, title).not.toHaveProperty('errors');
    }
    expect(playground.complaints).toEqual([]);
  });

  test('when a slow generation is cancelled by its id, then its credits come back', async () => {
    await playground.open('Cancel');
    const { data } = await playground.run('StartSlow');
    const slow = expect.objectContaining({ __typename: 'Generation', status: 'QUEUED', creditsHeld: 4 });
    expect(data).toEqual({ generate: slow });
    await playground.writeVariables({ id: idIn(data?.['generate']) });
    await expect(playground.run('Cancel')).resolves.toMatchObject({
      data: { cancelGeneration: { __typename: 'Generation', status: 'CANCELED', creditsHeld: 0, creditsCharged: 0 } },
    });
  });

  test('when the operator gives, withdraws, refunds, prices and adds, then each does what it says', async () => {
    await spend({ kind: 'TEXT', prompt: 'Name a lighthouse.' });
    await playground.open('AdminAccount');
    const granted = await playground.run('GrantCredits');
    expect(granted).toMatchObject({ data: { grantCredits: { source: 'PROMOTION', amount: 25, remaining: 25 } } });
    const { account, generations } = await server.call<{ account: unknown; generations: { nodes: unknown[] } }>(
      '{ account { id } generations(first: 1, status: SUCCEEDED) { nodes { id } } }',
    );
    await playground.writeVariables({
      accountId: idIn(account),
      grantId: idIn(granted.data?.['grantCredits']),
      generationId: idIn(generations.nodes[0]),
    });
    await expect(playground.run('VoidGrant')).resolves.toMatchObject({
      data: { voidGrant: { state: 'VOIDED', remaining: 0, revoked: 25 } },
    });
    await expect(playground.run('RefundGeneration')).resolves.toMatchObject({
      data: { refundGeneration: { creditsCharged: 4, creditsRefunded: 1 } },
    });
    await expect(playground.run('UpdateModel')).resolves.toMatchObject({
      data: { updateModel: { label: 'FLUX Schnell (3 credits)', available: true } },
    });
    await expect(playground.run('RebuildWallet')).resolves.toMatchObject({
      data: { rebuildWallet: { corrected: 0, verification: { ok: true } } },
    });
    await expect(playground.run('CreateAccount')).resolves.toMatchObject({
      data: { createAccount: { account: { name: 'A partner' }, apiKey: expect.stringMatching(/^wzrd_/) } },
    });
    expect(playground.complaints).toEqual([]);
  });
});

describe('given a playground whose account has no plan', () => {
  givenANewServer();

  test('when a plan is bought, changed, ended and resumed, then each does what it says, and the operator sees the events', async () => {
    await playground.open('Plan');
    const { data } = await playground.run('Subscribe');
    expect(data).toMatchObject({
      createCheckout: { progress: 'WAITING_FOR_PAYMENT', price: { formatted: '$49.00' }, credits: 2_000 },
    });
    await payAt(data?.['createCheckout'], '2,000 credits have arrived');
    await expect(playground.run('Plan')).resolves.toMatchObject({
      data: {
        subscription: { status: 'ACTIVE', plan: { code: 'pro' } },
        wallet: { available: 2_100, monthly: { quota: 2_000, remaining: 2_000 } }, // 100 welcome + 2,000
      },
    });
    const change = { __typename: 'PlanChange', creditsNow: 8_000 }; // 10,000 - 2,000
    await expect(playground.run('PreviewChange')).resolves.toMatchObject({ data: { previewPlanChange: change } });
    await expect(playground.run('ChangePlan')).resolves.toMatchObject({
      data: { changePlan: { ...change, subscription: { plan: { code: 'business' }, nextPlan: null } } },
    });
    await expect(playground.run('CancelPlan')).resolves.toMatchObject({
      data: { cancelSubscription: { status: 'ACTIVE', cancelAtPeriodEnd: true } },
    });
    await expect(playground.run('ResumePlan')).resolves.toMatchObject({
      data: { resumeSubscription: { status: 'ACTIVE', cancelAtPeriodEnd: false } },
    });

    await playground.open('Invoices');
    await expect(playground.run('Portal')).resolves.toMatchObject({
      data: { createPortalSession: { __typename: 'PortalSession' } },
    });
    // The next tab opens at the operation of the same place.
    await expect(playground.run('Invoices')).resolves.toMatchObject({
      data: { invoices: { nodes: [{ status: 'paid' }, { status: 'paid', total: { formatted: '$49.00' } }] } },
    });

    await playground.open('AutoTopUp');
    await expect(playground.run('SetAutoTopUp')).resolves.toMatchObject({
      data: { setAutoTopUp: { enabled: true, threshold: 50, monthlyLimit: 3 } },
    });
    // The next tab opens at the operation of the same place.
    await expect(playground.run('AutoTopUp')).resolves.toMatchObject({ data: { autoTopUp: { enabled: true } } });

    await playground.open('AdminAccount');
    const told = await playground.run('StripeEvents');
    const { nodes } = told.data?.['stripeEvents'] as { nodes: { id: string; type: string }[] }; // As the tab asks for it.
    const paid = nodes.find(({ type }) => type === 'invoice.paid');
    await playground.writeVariables({ eventId: paid?.id });
    await expect(playground.run('ReplayStripeEvent')).resolves.toMatchObject({
      data: { replayStripeEvent: { id: paid?.id, type: 'invoice.paid' } },
    });
    // 1 subscription + 2 payments, its first and that of the change.
    await expect(playground.run('ReconcileStripe')).resolves.toMatchObject({
      data: { reconcileStripe: { __typename: 'StripeReconciliation', compared: 3, differences: [], left: 0 } },
    });
    await expect(playground.run('SetUpStripe')).resolves.toMatchObject({
      data: { setUpStripe: { applied: false, steps: expect.arrayContaining([expect.anything()]) } },
    });
    await expect.poll(balance, patiently).toEqual({ available: 10_100, held: 0 }); // 100 + 2,000 + 8,000
    expect(playground.complaints).toEqual([]);
  });
});

/** Opens the checkout of an answer and pays there; the page that it returns to tells when the credits have come. */
async function payAt(answered: unknown, arrived: string): Promise<void> {
  if (typeof answered !== 'object' || answered === null || !('url' in answered)) {
    throw new Error(`There is no url in ${JSON.stringify(answered)}.`);
  }
  const page = await playground.page.context().newPage();
  await page.goto(String(answered.url));
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.getByRole('heading', { name: arrived }).waitFor();
  await page.close();
}

/** The id of what an operation answered. */
function idIn(answered: unknown): string {
  if (typeof answered === 'object' && answered !== null && 'id' in answered) return String(answered.id);
  throw new Error(`There is no id in ${JSON.stringify(answered)}.`);
}
