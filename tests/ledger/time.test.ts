import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { connectAgain } from '../support/second-connection.ts';
import { createStudio, type Studio, schnell } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';

/** 50 credits a call. */
const film = { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'A storm' };
/** 40 credits a call. */
const clip = { modelId: 'fal-ai/veo3.1', prompt: 'A storm' };
const minuteMs = 60_000;
const holdMs = 15 * minuteMs;

describeOnBoth('Time in a wallet', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const inMs = (ms: number): string => new Date(app.clock.now() + ms).toISOString();
  const grantThat = async (accountId: string, credits: number, more: Record<string, unknown>): Promise<string> => {
    const grant = await studio.giveCredits(accountId, credits, more);
    if (grant.id === undefined) throw new Error(JSON.stringify(grant));
    return grant.id;
  };

  it('G07 given a hold of 15 minutes, when they are over and no job ran, then its credits are free from that instant on', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key);
    const lapsesAt = inMs(holdMs);

    app.clock.advance(holdMs - 1);
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 3 });
    expect(await studio.generation(key, id)).toMatchObject({ creditsHeld: 3, fundings: [{ amount: 3 }] });

    app.clock.advance(1);
    // 97 + 3 that lapsed = 100
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    expect(await studio.generation(key, id)).toMatchObject({ creditsHeld: 0, fundings: [] });
    const { wallet } = await studio.ask<{ wallet: { transactions: { nodes: unknown[] } } }>(
      '{ wallet { transactions(first: 1) { nodes { sequence type credits amount availableAfter createdAt } } } }',
      { key },
    );
    expect(wallet.transactions.nodes).toEqual([
      { sequence: 3, type: 'RELEASE', credits: 3, amount: 3, availableAfter: 100, createdAt: lapsesAt },
    ]);
    // Both of 50 fit into 100, which they only do with the 3.
    await studio.queue(key, film);
    await studio.queue(key, film);
    expect(await studio.wallet(key)).toEqual({ available: 0, held: 100 });
  });

  it('G07 given a hold that lapsed, when the result comes and the price is available, then it is taken anew and the result is shown', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, schnell);
    await app.app.jobs.runDue();
    app.clock.advance(holdMs);
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });

    await app.app.jobs.runDue();

    expect(await studio.generation(key, id)).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 3,
      creditsHeld: 0,
      fundings: [{ amount: 3 }],
      assets: [{}],
    });
    // 100 - 3 held + 3 lapsed - 3 anew = 97
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 0 });
    const { wallet } = await studio.ask<{ wallet: { transactions: { nodes: { type: string }[] } } }>(
      '{ wallet { transactions { nodes { type } } } }',
      { key },
    );
    expect(wallet.transactions.nodes.map(({ type }) => type)).toEqual(['CAPTURE', 'HOLD', 'RELEASE', 'HOLD', 'GRANT']);
  });

  it('G07 given a hold that lapsed, when the price has risen meanwhile, then the frozen price is taken', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, film);
    await app.app.jobs.runDue();
    await studio.updateModel(film.modelId, { credits: 90 });
    app.clock.advance(holdMs);
    await app.app.jobs.runDue();
    await studio.updateModel(film.modelId, { credits: 50 });
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 50 });
    expect(await studio.wallet(key)).toEqual({ available: 50, held: 0 });
  });

  it('G07 given a hold that lapsed, when its credits are spent elsewhere, then the generation fails and its result is withheld', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, film);
    await app.app.jobs.runDue();
    app.clock.advance(holdMs);
    // 100 - 40 - 40 = 20 < 50
    await studio.queue(key, clip);
    await studio.queue(key, clip);

    await app.app.jobs.runDue();

    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'HOLD_EXPIRED', retryable: true },
      creditsCharged: 0,
      creditsHeld: 0,
      fundings: [],
      assets: [],
      text: null,
    });
    expect(await studio.wallet(key)).toEqual({ available: 20, held: 80 });
  });

  it('G07 given a hold that lapsed, when the generation is cancelled, then nothing is given back twice', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key);
    app.clock.advance(holdMs);
    expect(await studio.cancel(key, id)).toMatchObject({ __typename: 'Generation', status: 'CANCELED' });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    await app.settle();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G07 given a provider that works for longer than a hold, when the jobs run, then the hold is extended and stays', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, { ...schnell, params: { sandbox: 'hang' } });
    for (let minute = 0; minute < 20; minute += 1) {
      await app.app.jobs.runDue();
      app.clock.advance(minuteMs);
    }
    // 20 minutes later
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 3 });
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsHeld: 3 });
  });

  it('G08 given a grant of 30 that expires, when its instant is there and no job ran, then it cannot be spent', async () => {
    const account = await app.newAccount();
    const expiresAt = inMs(minuteMs);
    const id = await grantThat(account.id, 30, { expiresAt, priority: 1 });

    app.clock.advance(minuteMs - 1);
    expect(await studio.wallet(account.key)).toEqual({ available: 130, held: 0 });
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'ACTIVE', remaining: 30, expired: 0 });

    app.clock.advance(1);
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'EXPIRED', remaining: 0, expired: 30 });
    await studio.queue(account.key, film);
    await studio.queue(account.key, clip);
    // 100 - 50 - 40 = 10, and 30 that expired do not help.
    expect(await studio.generate(account.key, clip)).toMatchObject({
      __typename: 'InsufficientCreditsError',
      available: 10,
      held: 90,
      required: 40,
    });
  });

  it('G08 given a grant that begins later, when it is spent before, then it does not pay; from its instant on it does', async () => {
    const account = await app.newAccount();
    const id = await grantThat(account.id, 30, { effectiveAt: inMs(minuteMs), expiresAt: inMs(3 * minuteMs) });
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'PENDING', pending: 30, remaining: 0 });
    await studio.queue(account.key, film);
    await studio.queue(account.key, clip);
    expect(await studio.generate(account.key, clip)).toMatchObject({ available: 10 });

    app.clock.advance(minuteMs);
    // 100 - 50 - 40 + 30 = 40
    expect(await studio.wallet(account.key)).toEqual({ available: 40, held: 90 });
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'ACTIVE', pending: 0, remaining: 30 });
    await studio.queue(account.key, clip);
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'ACTIVE', remaining: 0, held: 30 });
  });

  it('G09 given a call that a grant paid which expired meanwhile, when it is cancelled, then those credits stay expired', async () => {
    const account = await app.newAccount();
    const id = await grantThat(account.id, 30, { expiresAt: inMs(minuteMs), priority: 1 });
    const generation = await studio.queue(account.key, film);
    // 30 of the grant + 20 of the 100
    expect(await studio.wallet(account.key)).toEqual({ available: 80, held: 50 });
    app.clock.advance(minuteMs);
    await studio.cancel(account.key, generation);
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'EXPIRED', expired: 30, held: 0, remaining: 0 });
    // 80 + 20 = 100, and 30 stay expired
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
    const { wallet } = await studio.ask<{ wallet: { transactions: { nodes: unknown[] } } }>(
      '{ wallet { transactions(first: 3) { nodes { type credits amount availableAfter } } } }',
      { key: account.key },
    );
    // In reverse order of funding, and never available on the way.
    expect(wallet.transactions.nodes).toEqual([
      { type: 'RELEASE', credits: 30, amount: 0, availableAfter: 100 },
      { type: 'RELEASE', credits: 20, amount: 20, availableAfter: 100 },
      { type: 'HOLD', credits: 50, amount: -50, availableAfter: 80 },
    ]);
  });

  it('G09 given a call that a live grant paid, when it is cancelled, then the credits are back in that grant', async () => {
    const account = await app.newAccount();
    const id = await grantThat(account.id, 30, { expiresAt: inMs(minuteMs), priority: 1 });
    const generation = await studio.queue(account.key, film);
    expect(await studio.grant(account.key, id)).toMatchObject({ remaining: 0, held: 30 });
    app.clock.advance(minuteMs - 1);
    await studio.cancel(account.key, generation);
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'ACTIVE', remaining: 30, held: 0 });
    expect(await studio.wallet(account.key)).toEqual({ available: 130, held: 0 });
  });

  it('G09 given a charge on two grants, when it is refunded in part, then the grant that paid last gets back first, and one that has expired gets nothing', async () => {
    const account = await app.newAccount();
    const first = await grantThat(account.id, 30, { expiresAt: inMs(60 * minuteMs), priority: 1 });
    const second = await grantThat(account.id, 15, { priority: 2 });
    const generation = await studio.queue(account.key, film);
    await app.settle();
    // 50 = 30 of the first + 15 of the second + 5 of the welcome credits
    expect(await studio.wallet(account.key)).toEqual({ available: 95, held: 0 });

    await studio.refund(generation, 8);
    // 5 to the welcome credits, 3 to the second
    expect(await studio.grant(account.key, second)).toMatchObject({ consumed: 12, remaining: 3 });
    expect(await studio.grant(account.key, first)).toMatchObject({ consumed: 30, remaining: 0 });
    expect(await studio.wallet(account.key)).toEqual({ available: 103, held: 0 });

    app.clock.advance(60 * minuteMs);
    expect(await studio.refund(generation)).toMatchObject({ creditsCharged: 50, creditsRefunded: 50 });
    // 12 more to the second; 30 to the first, which has expired, stay expired
    expect(await studio.grant(account.key, second)).toMatchObject({ consumed: 0, remaining: 15 });
    expect(await studio.grant(account.key, first)).toMatchObject({ state: 'EXPIRED', consumed: 0, expired: 30 });
    expect(await studio.wallet(account.key)).toEqual({ available: 115, held: 0 });
  });

  it('G09 given a call that a grant paid, when the grant is withdrawn meanwhile and the call is cancelled, then the credits stay withdrawn', async () => {
    const account = await app.newAccount();
    const id = await grantThat(account.id, 60, { priority: 1 });
    const generation = await studio.queue(account.key, film);
    // 60 - 50 held = 10 are withdrawn
    expect(await studio.voidGrant(id)).toMatchObject({ __typename: 'Grant', state: 'VOIDED' });
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 50 });
    await studio.cancel(account.key, generation);
    expect(await studio.grant(account.key, id)).toMatchObject({ state: 'VOIDED', revoked: 60, remaining: 0 });
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
  });
});

describe('Two servers whose clocks differ', () => {
  let app: TestApp;
  let behind: TestApp;
  let slowClock: TestClock;
  let studio: Studio;
  let studioBehind: Studio;
  let closeConnection: () => Promise<void>;

  beforeAll(async () => {
    app = await startTestApp('postgres');
    studio = createStudio(app);
    slowClock = createTestClock();
    const connection = await connectAgain({ database: app.database, url: app.databaseUrl });
    closeConnection = () => connection.database.close();
    behind = await startTestApp('postgres', { database: connection, clock: slowClock });
    studioBehind = createStudio(behind);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await behind.close();
    await closeConnection();
    await app.close();
  });

  it('G39 given a hold that lapsed and whose credits another server spent, when a server with a slow clock has the result, then it is not captured for free', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, film);
    await app.app.jobs.runDue();
    // By the slow clock 5 minutes have passed and the hold lives; by the other one 16 have, and it has lapsed.
    slowClock.advanceTo(app.clock.now());
    slowClock.advance(5 * minuteMs);
    app.clock.advance(16 * minuteMs);
    // 100 - 40 - 40 = 20 < 50
    await studio.queue(key, clip);
    await studio.queue(key, clip);
    expect(await studio.wallet(key)).toEqual({ available: 20, held: 80 });

    await behind.app.jobs.runDue();

    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'HOLD_EXPIRED' },
      creditsCharged: 0,
    });
    expect(await studio.wallet(key)).toEqual({ available: 20, held: 80 });
  });

  it('G39 given a hold that lapsed by the clock of one server, when a server with a slow clock has the result and the price is there, then it is charged once', async () => {
    const { key, id: accountId } = await app.newAccount();
    const id = await studio.queue(key, film);
    await app.app.jobs.runDue();
    slowClock.advanceTo(app.clock.now());
    slowClock.advance(5 * minuteMs);
    app.clock.advance(16 * minuteMs);
    await studio.giveCredits(accountId, 1);
    expect(await studio.wallet(key)).toEqual({ available: 101, held: 0 });
    await behind.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 50 });
    // 101 - 50 = 51
    expect(await studio.wallet(key)).toEqual({ available: 51, held: 0 });
  });

  it('G39 given a grant that expired by the clock of one server, when a server with a slow clock spends and reads, then it stays expired', async () => {
    const { key, id: accountId } = await app.newAccount();
    const expiresAt = new Date(app.clock.now() + 10 * minuteMs).toISOString();
    await studio.giveCredits(accountId, 30, { expiresAt, priority: 1 });
    slowClock.advanceTo(app.clock.now());
    slowClock.advance(5 * minuteMs);
    app.clock.advance(16 * minuteMs);
    expect(await studioBehind.wallet(key)).toEqual({ available: 130, held: 0 });
    await studio.queue(key, clip);
    // 130 - 30 expired - 40 = 60
    expect(await studioBehind.wallet(key)).toEqual({ available: 60, held: 40 });
    await studioBehind.queue(key, clip);
    expect(await studioBehind.generate(key, clip)).toMatchObject({
      __typename: 'InsufficientCreditsError',
      available: 20,
    });
  });
});
