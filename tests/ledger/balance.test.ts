import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { createTestClock } from '../support/test-clock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A voice, 4 credits a call. */
const voice = { modelId: 'fal-ai/elevenlabs/tts/turbo-v2.5', prompt: 'Hello' };

interface Bucket {
  readonly key: string;
  readonly label: string;
  readonly credits: number;
  readonly generations: number;
}

interface Explanation {
  readonly available: number;
  readonly asOf: string;
  readonly lines: readonly { readonly label: string; readonly amount: number; readonly transactions: number }[];
}

describeOnBoth('A balance', (kind) => {
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
  const availableAt = async (key: string, asOf: string): Promise<number> =>
    (
      await studio.ask<{ wallet: { available: number } }>(
        'query ($asOf: DateTime) { wallet { available(asOf: $asOf) } }',
        { key, variables: { asOf } },
      )
    ).wallet.available;
  const explain = async (key: string, asOf: string | null): Promise<Explanation> =>
    (
      await studio.ask<{ wallet: { explain: Explanation } }>(
        `query ($asOf: DateTime) { wallet { explain(asOf: $asOf) {
          available asOf lines { label amount transactions }
        } } }`,
        { key, variables: { asOf } },
      )
    ).wallet.explain;
  const sum = (lines: Explanation['lines']): number => lines.reduce((total, line) => total + line.amount, 0);

  describe('explained', () => {
    /** What was done at which instant, and what was available from then on. */
    const story: { at: string; available: number }[] = [];
    let account: { id: string; key: string };

    beforeAll(async () => {
      account = await app.newAccount();
      const tell = (available: number): void => {
        story.push({ at: inMs(0), available });
      };
      tell(100);
      app.clock.advance(hourMs);
      await studio.giveCredits(account.id, 40, { category: 'PAID', expiresAt: inMs(5 * hourMs), priority: 1 });
      tell(140); // 100 + 40
      app.clock.advance(hourMs);
      const grant = await studio.giveCredits(account.id, 10);
      tell(150); // 140 + 10
      app.clock.advance(hourMs);
      const id = await studio.queue(account.key, voice);
      tell(146); // 150 - 4 held of the 40
      await app.settle();
      tell(146); // charged: nothing more
      app.clock.advance(hourMs);
      await studio.refund(id, 3);
      tell(149); // 146 + 3 refunded to the 40
      app.clock.advance(10 * minuteMs);
      await studio.voidGrant(grant.id ?? '');
      tell(139); // 149 - 10 withdrawn
      app.clock.advance(10 * minuteMs);
      await studio.queue(account.key);
      tell(136); // 139 - 3 held
      // Nobody touches the wallet from here on: the hold lapses after 15 minutes, the 40 expire after an hour or so.
      story.push({ at: inMs(15 * minuteMs), available: 139 });
      app.clock.advance(5 * hourMs);
      tell(100); // 139 - 39 expired: 40 - 4 charged + 3 refunded
    });

    it('given a history with rows that are due and unrecorded, when it is asked at each instant of the past, then available and the lines tell what was', async () => {
      for (const { at, available } of story) {
        expect(await availableAt(account.key, at), at).toBe(available);
        const explanation = await explain(account.key, at);
        expect(explanation, at).toMatchObject({ available, asOf: at });
        expect(sum(explanation.lines), at).toBe(available);
      }
      expect(await explain(account.key, null)).toMatchObject({ available: 100, asOf: inMs(0) });
    });

    it('given that history, when the last balance is explained, then the lines say what came, went and came back', async () => {
      const { lines } = await explain(account.key, null);
      const byLabel = Object.fromEntries(
        lines.map(({ label, amount, transactions }) => [label, [amount, transactions]]),
      );
      expect(byLabel).toEqual({
        'Welcome credits': [100, 1],
        Adjustments: [40, 1],
        Promotions: [10, 1],
        Refunds: [3, 1],
        // -4 and -3 held, 3 of them given back: -4 in three transactions
        Generations: [-4, 3],
        'Promotions: withdrawn': [-10, 1],
        'Adjustments: expired': [-39, 1],
      });
    });

    it('given that history, when it is asked a millisecond before an event, then the event has not happened', async () => {
      for (const [index, { at }] of story.entries()) {
        const before = story[index - 1];
        if (before === undefined || before.at === at) continue;
        const justBefore = new Date(Date.parse(at) - 1).toISOString();
        // The last one stands for an expiry that came before it.
        if (index === story.length - 1) continue;
        expect(await availableAt(account.key, justBefore), justBefore).toBe(before.available);
      }
    });

    it('given that history, when it is asked before the account was, then nothing was available', async () => {
      expect(await availableAt(account.key, '2025-12-31T00:00:00Z')).toBe(0);
      expect(await explain(account.key, '2025-12-31T00:00:00Z')).toMatchObject({ available: 0, lines: [] });
    });

    it.each(['available(asOf: $asOf)', 'explain(asOf: $asOf) { available }'])(
      'given now, when %s is asked for a later instant, then the request is refused; now itself is answered',
      async (field) => {
        const query = `query ($asOf: DateTime) { wallet { ${field} } }`;
        const later = await app.graphql(query, { key: account.key, variables: { asOf: inMs(1) } });
        expect(later.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
        const now = await app.graphql(query, { key: account.key, variables: { asOf: inMs(0) } });
        expect(now.errors).toEqual([]);
      },
    );
  });

  it('given grants in every state, when they are listed by state, then each is in its list, as it is now', async () => {
    const account = await app.newAccount();
    const give = async (credits: number, more: Record<string, unknown> = {}): Promise<string> =>
      (await studio.giveCredits(account.id, credits, more)).id ?? '';
    const used = await give(3, { priority: 1 });
    await studio.queue(account.key);
    await app.settle();
    const voided = await give(5, { priority: 900 });
    await studio.voidGrant(voided);
    const voidedThenExpired = await give(6, { priority: 900, expiresAt: inMs(minuteMs) });
    await studio.voidGrant(voidedThenExpired);
    const expired = await give(7, { priority: 900, expiresAt: inMs(minuteMs) });
    const begun = await give(8, { priority: 900, effectiveAt: inMs(minuteMs) });
    const pending = await give(9, { effectiveAt: inMs(hourMs) });
    const held = await give(3, { priority: 0 });
    await studio.queue(account.key);
    app.clock.advance(2 * minuteMs);

    const listed = async (state: string): Promise<string[]> => {
      const { wallet } = await studio.ask<{ wallet: { grants: { nodes: { id: string; state: string }[] } } }>(
        `{ wallet { grants(state: ${state}) { totalCount nodes { id state } } } }`,
        { key: account.key },
      );
      expect(wallet.grants).toMatchObject({ totalCount: wallet.grants.nodes.length });
      expect(wallet.grants.nodes.every((grant) => grant.state === state)).toBe(true);
      return wallet.grants.nodes.map(({ id }) => id).sort();
    };
    const welcome = (await studio.grants(account.key)).find(({ amount }) => amount === 100)?.id ?? '';
    expect(await listed('USED')).toEqual([used]);
    expect(await listed('VOIDED')).toEqual([voided, voidedThenExpired].sort());
    expect(await listed('EXPIRED')).toEqual([expired]);
    expect(await listed('PENDING')).toEqual([pending]);
    expect(await listed('ACTIVE')).toEqual([begun, held, welcome].sort());
  });

  it('given plan, rollover and top-up credits, when the wallet is read, then each is counted apart', async () => {
    const account = await app.newAccount();
    await studio.giveCredits(account.id, 20, { category: 'PAID' });
    const { wallet } = await studio.ask<{ wallet: unknown }>(
      `{ wallet { available held debt isLow lowBalanceThreshold rollover topUp
        monthly { quota remaining resetsAt } plan { code isCurrent } } }`,
      { key: account.key },
    );
    expect(wallet).toEqual({
      available: 120,
      held: 0,
      debt: 0,
      isLow: false,
      lowBalanceThreshold: 25,
      rollover: 0,
      topUp: 120,
      monthly: { quota: 0, remaining: 0, resetsAt: null },
      plan: { code: 'free', isCurrent: true },
    });
  });

  it('given a threshold of 25, when 25 are available, then the wallet is not low; at 24 it is', async () => {
    const account = await app.newAccount();
    const isLow = async (): Promise<boolean> =>
      (await studio.ask<{ wallet: { isLow: boolean } }>('{ wallet { isLow } }', { key: account.key })).wallet.isLow;
    await studio.queue(account.key, { modelId: 'fal-ai/veo3', prompt: 'x' });
    await studio.queue(account.key, { modelId: 'fal-ai/veo3.1', prompt: 'x' });
    // 100 - 35 - 40 = 25
    expect(await isLow()).toBe(false);
    await studio.queue(account.key, { modelId: 'gmi/gemini-3.1-flash-lite', prompt: 'x' });
    expect(await isLow()).toBe(true);
  });
});

describeOnBoth('Usage', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let account: { id: string; key: string };

  beforeAll(async () => {
    app = await startTestApp(kind, { clock: createTestClock('2026-03-28T21:30:00Z') });
    studio = createStudio(app);
    account = await app.newAccount(100);
    /** Generates and ends with the charge at that instant. */
    const chargeAt = async (instant: string, input: Record<string, unknown>): Promise<string> => {
      app.clock.advance(Date.parse(instant) - app.clock.now() - 10_000);
      const id = await studio.queue(account.key, input);
      await app.app.jobs.runDue();
      app.clock.advance(10_000);
      await app.app.jobs.runDue();
      return id;
    };
    await chargeAt('2026-03-28T22:30:00Z', mini); // 3
    const refunded = await chargeAt('2026-03-28T23:30:00Z', voice); // 4, of which 1 is refunded
    await chargeAt('2026-03-30T21:59:49Z', mini); // 3
    await chargeAt('2026-03-30T22:00:00Z', voice); // 4
    // What was not charged is no usage.
    await studio.queue(account.key, { ...mini, params: { sandbox: 'fail' } });
    await app.settle();
    await studio.cancel(account.key, await studio.queue(account.key));
    app.clock.advance(48 * hourMs);
    // The refund comes days after the charge and counts on the day of the charge.
    await studio.refund(refunded, 1);
  });
  afterAll(() => app.close());

  const usage = async (args: string): Promise<Bucket[]> =>
    (
      await studio.ask<{ wallet: { usage: Bucket[] } }>(
        `{ wallet { usage(${args}) { key label credits generations } } }`,
        { key: account.key },
      )
    ).wallet.usage;
  const span = 'from: "2026-03-28T00:00:00Z", to: "2026-04-01T00:00:00Z"';
  const days = (buckets: Bucket[]): unknown[] =>
    buckets.map(({ key, credits, generations }) => [key, credits, generations]);

  it('given charges on some days, when usage is asked by day, then every day is there, refunds subtracted', async () => {
    const buckets = await usage(span);
    expect(days(buckets)).toEqual([
      ['2026-03-28', 6, 2], // 3 + 4 - 1
      ['2026-03-29', 0, 0],
      ['2026-03-30', 7, 2], // 3 + 4
      ['2026-03-31', 0, 0],
    ]);
    expect(buckets.map(({ label }) => label)).toEqual(buckets.map(({ key }) => key));
  });

  it('given a time zone whose clocks change that night, when usage is asked by day, then days begin at its midnight', async () => {
    const buckets = await usage('from: "2026-03-27T23:00:00Z", to: "2026-03-31T22:00:00Z", timeZone: "Europe/Berlin"');
    // 22:30Z is 23:30 of the 28th, 23:30Z is 00:30 of the 29th; from the 29th on midnight is 22:00Z.
    expect(days(buckets)).toEqual([
      ['2026-03-28', 3, 1],
      ['2026-03-29', 3, 1], // 4 - 1
      ['2026-03-30', 3, 1],
      ['2026-03-31', 4, 1],
    ]);
  });

  it('given a span, when usage is asked, then from is in it and to is not', async () => {
    expect(days(await usage('from: "2026-03-30T21:59:49Z", to: "2026-03-30T22:00:00Z"'))).toEqual([
      ['2026-03-30', 3, 1],
    ]);
    expect(days(await usage('from: "2026-03-30T22:00:00Z", to: "2026-03-30T22:00:01Z"'))).toEqual([
      ['2026-03-30', 4, 1],
    ]);
  });

  it('given charges, when usage is asked by model, kind and key, then each adds up to the same', async () => {
    expect(await usage(`${span}, groupBy: MODEL`)).toEqual([
      { key: voice.modelId, label: 'ElevenLabs TTS Turbo', credits: 7, generations: 2 },
      { key: mini.modelId, label: 'OpenAI o4 Mini', credits: 6, generations: 2 },
    ]);
    expect(await usage(`${span}, groupBy: KIND`)).toEqual([
      { key: 'AUDIO', label: 'Audio', credits: 7, generations: 2 },
      { key: 'TEXT', label: 'Text', credits: 6, generations: 2 },
    ]);
    expect(await usage(`${span}, groupBy: API_KEY`)).toMatchObject([{ credits: 13, generations: 4 }]);
  });

  it.each([
    ['to before from', 'from: "2026-03-28T00:00:00Z", to: "2026-03-27T00:00:00Z"'],
    ['an empty span', 'from: "2026-03-28T00:00:00Z", to: "2026-03-28T00:00:00Z"'],
    ['more than 731 days', 'from: "2026-03-28T00:00:00Z", to: "2029-03-28T00:00:00Z"'],
    ['no time zone', `${span}, timeZone: "Mars/Olympus"`],
    ['an offset in place of a time zone', `${span}, timeZone: "+05:30"`],
    ['a time zone with U+0000', `${span}, timeZone: "UTC\\u0000"`],
  ])('given %s, when usage is asked, then the request is refused as BAD_REQUEST', async (_what, args) => {
    const { errors } = await app.graphql(`{ wallet { usage(${args}) { key } } }`, { key: account.key });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
  });

  it.each([
    'Asia/Kolkata',
    'Asia/Calcutta',
    'America/New_York',
    'Pacific/Kiritimati',
    'Etc/GMT+5',
    'utc',
    'europe/berlin',
  ])('given the time zone %s, when usage is asked by day, then nothing is lost', async (timeZone) => {
    const buckets = await usage(`from: "2026-03-27T00:00:00Z", to: "2026-04-02T00:00:00Z", timeZone: "${timeZone}"`);
    expect(buckets.reduce((total, { credits }) => total + credits, 0)).toBe(13);
  });
});
