import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { advanceClock, advanceDocument, setClock, setDocument, shownTime } from '../support/move-clock.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const tenYears = 3_660 * 24 * 60 * 60;

interface Transaction {
  readonly type: string;
  readonly amount: number;
  readonly createdAt: string;
}

describeOnBoth('The clock of the sandbox', (kind) => {
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

  /** The instant so many seconds after another. */
  const after = (start: string, seconds: number): string => new Date(Date.parse(start) + seconds * 1_000).toISOString();
  const history = async (key: string): Promise<Transaction[]> => {
    const { wallet } = await studio.ask<{ wallet: { transactions: { nodes: Transaction[] } } }>(
      '{ wallet { transactions(first: 100) { nodes { type amount createdAt } } } }',
      { key },
    );
    return [...wallet.transactions.nodes].reverse();
  };
  const availableAt = async (key: string, asOf: string): Promise<number> =>
    (
      await studio.ask<{ wallet: { available: number } }>(
        'query ($asOf: DateTime!) { wallet { available(asOf: $asOf) } }',
        { key, variables: { asOf } },
      )
    ).wallet.available;

  test('given a clock, when it is advanced and set, then it shows what was asked for and runs on from there', async () => {
    const start = await shownTime(app);
    expect(await advanceClock(app, 3_600)).toEqual({ __typename: 'ClockSetting', now: after(start, 3_600) });
    expect(await setClock(app, after(start, 7_200))).toEqual({ __typename: 'ClockSetting', now: after(start, 7_200) });
    app.clock.advanceSeconds(5);
    expect(await shownTime(app)).toBe(after(start, 7_205));
    // Where it stands already is not back.
    expect(await setClock(app, after(start, 7_205))).toEqual({ __typename: 'ClockSetting', now: after(start, 7_205) });
  });

  test('G11 given a clock, when it is to go back, nowhere or too far, then that is invalid and no row changes', async () => {
    const now = await shownTime(app);
    const before = await digestTables(app.database);
    for (const seconds of [0, -1, -2_147_483_648, tenYears + 1, 2_147_483_647]) {
      expect(await advanceClock(app, seconds)).toMatchObject({
        __typename: 'InvalidInputError',
        code: 'INVALID_INPUT',
        issues: [{ path: ['seconds'], message: expect.stringContaining('never goes back') }],
      });
    }
    const refused = [after(now, -0.001), '1970-01-01T00:00:00Z', after(now, tenYears + 1), '9999-12-31T23:59:59Z'];
    for (const to of refused) {
      expect(await setClock(app, to)).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: ['to'] }] });
    }
    expect(await digestTables(app.database)).toEqual(before);
    expect(await shownTime(app)).toBe(now);
  });

  test('G36 given the key of an account and no key, when the clock is to be moved, then it is refused and stays', async () => {
    const { key } = await app.newAccount();
    const now = await shownTime(app);
    const moves: [string, Record<string, unknown>][] = [
      [advanceDocument, { seconds: 60 }],
      [setDocument, { to: after(now, 60) }],
      // Nor does it tell what would be wrong with the request.
      [advanceDocument, { seconds: -60 }],
    ];
    for (const [document, variables] of moves) {
      const asAccount = await app.graphql(document, { key, variables });
      expect(asAccount.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
      const asNobody = await app.graphql(document, { variables });
      expect(asNobody.errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    }
    expect(await shownTime(app)).toBe(now);
  });

  test('G07 G08 given a grant that begins, a hold that lapses and a grant that expires, when the clock passes all of them, then each stands in the history at its own instant', async () => {
    const { id, key } = await app.newAccount();
    const start = await shownTime(app);
    await studio.giveCredits(id, 40, { effectiveAt: after(start, 600), expiresAt: after(start, 9_000) });
    // It hangs in its provider, which is nobody's here: the job is gone, so that nothing keeps the hold alive.
    await studio.queue(key, mini);
    await app.database.prisma.job.deleteMany();

    expect(await advanceClock(app, 100_000)).toEqual({ __typename: 'ClockSetting', now: after(start, 100_000) });
    expect(await history(key)).toEqual([
      { type: 'GRANT', amount: 100, createdAt: start },
      { type: 'GRANT', amount: 0, createdAt: start },
      { type: 'HOLD', amount: -3, createdAt: start },
      { type: 'GRANT', amount: 40, createdAt: after(start, 600) },
      { type: 'RELEASE', amount: 3, createdAt: after(start, 900) },
      { type: 'EXPIRY', amount: -40, createdAt: after(start, 9_000) },
    ]);
    const instants: [seconds: number, available: number][] = [
      [0, 100 - 3],
      [599.999, 97],
      [600, 97 + 40],
      [899.999, 137],
      [900, 137 + 3],
      [8_999.999, 140],
      [9_000, 140 - 40],
      [100_000, 100],
    ];
    for (const [seconds, available] of instants) {
      expect(await availableAt(key, after(start, seconds)), String(seconds)).toBe(available);
    }
  });

  test('given what fell due on the way, when the move is answered, then it was recorded at its instant and not at the end', async () => {
    const { id, key } = await app.newAccount();
    const start = await shownTime(app);
    await studio.giveCredits(id, 40, { expiresAt: after(start, 3_600) });
    await advanceClock(app, 86_400);
    const recorded = await app.database.prisma.transfer.findMany({
      where: { accountId: id, type: 'EXPIRY' },
      select: { occurredAt: true, recordedAt: true },
    });
    const expiredAt = new Date(after(start, 3_600));
    expect(recorded).toEqual([{ occurredAt: expiredAt, recordedAt: expiredAt }]);
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  test('G20 given generations that take 1.5 and 30 seconds and one that fails, when an hour passes in one move, then each has ended when it would have', async () => {
    const { key } = await app.newAccount();
    const start = await shownTime(app);
    const usual = await studio.queue(key, mini);
    const slow = await studio.queue(key, { ...mini, params: { sandbox: 'slow' } });
    const failing = await studio.queue(key, { ...mini, params: { sandbox: 'fail' } });
    await advanceClock(app, 3_600);
    expect(await studio.generation(key, usual)).toMatchObject({ status: 'SUCCEEDED', completedAt: after(start, 1.5) });
    expect(await studio.generation(key, slow)).toMatchObject({ status: 'SUCCEEDED', completedAt: after(start, 30) });
    expect(await studio.generation(key, failing)).toMatchObject({ status: 'FAILED', completedAt: after(start, 1.5) });
    // 100 - 2 x 3 charged = 94
    expect(await studio.wallet(key)).toEqual({ available: 94, held: 0 });
  });

  test('given generations, when the clock is moved in two steps that split them, then they are under way between and end in the second', async () => {
    const { key } = await app.newAccount();
    const start = await shownTime(app);
    const slow = await studio.queue(key, { ...mini, params: { sandbox: 'slow' } });
    await advanceClock(app, 15);
    // Half of 30 seconds: asked at every second second, last at the 14th.
    expect(await studio.generation(key, slow)).toMatchObject({ status: 'RUNNING', progress: 14 / 30 });
    await advanceClock(app, 15);
    expect(await studio.generation(key, slow)).toMatchObject({ status: 'SUCCEEDED', completedAt: after(start, 30) });
  });

  test('given 10 moves of a day at once, when all are answered, then 10 days have passed', async () => {
    const start = await shownTime(app);
    const answers = await Promise.all(Array.from({ length: 10 }, () => advanceClock(app, 86_400)));
    const days = Array.from({ length: 10 }, (_, index) => after(start, (index + 1) * 86_400));
    expect(answers.map(({ now }) => now).sort()).toEqual(days);
    expect(await shownTime(app)).toBe(days.at(-1));
  });

  test('given a move of many steps, when others ask meanwhile, then they are answered before it is', async () => {
    const { key } = await app.newAccount();
    await studio.queue(key, { ...mini, params: { sandbox: 'hang' } });
    let isMoving = true;
    const move = advanceClock(app, 600).finally(() => {
      isMoving = false;
    });
    let answered = 0;
    while (answered < 20) {
      const response = await fetch(`${app.url}/health`);
      expect(response.status).toBe(200);
      expect(isMoving).toBe(true);
      answered += 1;
    }
    expect(await move).toMatchObject({ __typename: 'ClockSetting' });
  });

  test('given ids made before and after a move, when they are sorted, then they stand in that order', async () => {
    const before = await app.newAccount();
    await advanceClock(app, tenYears);
    const later = await app.newAccount();
    expect([later.id, before.id].sort()).toEqual([before.id, later.id]);
  });
});

describeOnBoth('A server outside sandbox mode', (kind) => {
  test.each([{ BILLING_MODE: 'disabled' }, stripeMode('test'), stripeMode('live')])(
    'G36 given $BILLING_MODE, when an administrator moves the clock, then it is FORBIDDEN and nothing changes',
    async (environment) => {
      const app = await startTestApp(kind, { environment });
      const before = await digestTables(app.database);
      for (const [document, variables] of [
        [advanceDocument, { seconds: 60 }],
        [setDocument, { to: '2030-01-01T00:00:00Z' }],
      ] as const) {
        const { data, errors } = await app.graphql(document, { key: adminKey, variables });
        expect(data).toBeNull();
        expect(errors).toMatchObject([
          { message: expect.stringContaining('BILLING_MODE=sandbox'), extensions: { code: 'FORBIDDEN' } },
        ]);
      }
      expect(await digestTables(app.database)).toEqual(before);
      await app.close();
    },
  );

  test('given a database whose clock was moved, when a server in another mode starts on it, then its time is that of the machine', async () => {
    const app = await startTestApp(kind, { environment: { BILLING_MODE: 'disabled' } });
    await app.database.prisma.sandboxClock.create({ data: { version: 1, offsetMs: 86_400_000n } });
    expect(app.app.services.clock).toBe(app.clock);
    await app.close();
  });
});

function stripeMode(mode: 'test' | 'live'): Record<string, string> {
  return {
    BILLING_MODE: mode === 'test' ? 'test_only' : 'live',
    STRIPE_SECRET_KEY: `sk_${mode}_known_to_the_tests`,
    STRIPE_WEBHOOK_SECRET: 'whsec_known_to_the_tests',
  };
}
