import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { type ListOf, readBackwards, readForwards, readPage } from '../support/pages.ts';
import { createRandom } from '../support/random.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;
const models = [
  mini,
  { modelId: 'gmi/gemini-3.1-flash-lite', prompt: 'A haiku' },
  { modelId: 'gmi/claude-opus-4.7', prompt: 'A sonnet' },
  { modelId: 'fal-ai/kling-video/o3/standard/text-to-video', prompt: 'A storm' },
];

interface Row {
  readonly id: string;
  readonly sequence: number;
  readonly type: string;
  readonly amount: number;
  readonly availableAfter: number;
}

const historyOf = (key: string, filter = ''): ListOf => ({
  key,
  field: `wallet { transactions(%${filter})`,
  nodeFields: 'id sequence type amount availableAfter',
});

describeOnBoth('The journal', (kind) => {
  let app: TestApp;
  let studio: Studio;
  /** A wallet after a long mixed run, with a lapse, an expiry and a beginning that nobody has recorded. */
  let account: { id: string; key: string };

  const inMs = (ms: number): string => new Date(app.clock.now() + ms).toISOString();

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    account = await app.newAccount();
    await runMixed(account, 2026, 160);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  /** Does everything that the API can do to a wallet, in an order that the seed decides. */
  async function runMixed(
    { id: accountId, key }: { id: string; key: string },
    seed: number,
    steps: number,
  ): Promise<void> {
    const random = createRandom(seed);
    const generations: string[] = [];
    const grants: string[] = [];
    for (let step = 0; step < steps; step += 1) {
      switch (random.below(9)) {
        case 0:
        case 1:
        case 2: {
          const sandbox = random.pick([null, null, 'fail', 'block', 'hang', 'slow']);
          const params = sandbox === null ? {} : { sandbox };
          const { id } = await studio.generate(key, { ...random.pick(models), params });
          if (id !== undefined) generations.push(id);
          break;
        }
        case 3:
          if (generations.length > 0) await studio.cancel(key, random.pick(generations));
          break;
        case 4: {
          const begins = random.below(3) === 0 ? random.below(20) * minuteMs : 0;
          const lives = random.below(3) === 0 ? null : (1 + random.below(40)) * minuteMs;
          const { id } = await studio.giveCredits(accountId, 1 + random.below(40), {
            priority: random.pick([10, 20, 30]),
            category: random.pick(['PAID', 'PROMOTIONAL']),
            effectiveAt: begins === 0 ? null : inMs(begins),
            expiresAt: lives === null ? null : inMs(begins + lives),
          });
          if (id !== undefined) grants.push(id);
          break;
        }
        case 5:
          if (grants.length > 0 && random.below(2) === 0) await studio.voidGrant(random.pick(grants));
          break;
        case 6:
          if (generations.length > 0) await studio.refund(random.pick(generations), 1 + random.below(3));
          break;
        case 7:
          app.clock.advance(random.below(9) * minuteMs + random.below(1_000));
          break;
        default:
          await app.app.jobs.runDue();
      }
      if (step % 20 === 19) {
        const newest = await readPage<Row>(studio, historyOf(key), 'first: 1');
        const { available } = await studio.wallet(key);
        expect(newest.edges[0]?.node.availableAfter, `at step ${step}`).toBe(available);
      }
    }
    // What nobody touches from here on: one that begins, one that expires, and holds that lapse.
    await studio.giveCredits(accountId, 25, { effectiveAt: inMs(minuteMs) });
    await studio.giveCredits(accountId, 15, { expiresAt: inMs(2 * minuteMs), priority: 999 });
    await studio.queue(key);
    app.clock.advance(40 * minuteMs);
  }

  const recordedRows = async (): Promise<number> =>
    app.database.prisma.transfer.count({ where: { accountId: account.id } });

  it('G40 given a long mixed history with rows that are due and unrecorded, when it is read, then its numbers have no gap and availableAfter adds up', async () => {
    const rows = await readForwards<Row>(studio, historyOf(account.key), 100);
    const types = new Set(rows.map(({ type }) => type));
    expect([...types].sort()).toEqual(['CAPTURE', 'EXPIRY', 'GRANT', 'HOLD', 'REFUND', 'RELEASE', 'VOID']);
    const oldestFirst = [...rows].reverse();
    let available = 0;
    for (const [index, row] of oldestFirst.entries()) {
      available += row.amount;
      expect(row).toMatchObject({ sequence: index + 1, availableAfter: available });
    }
    expect((await studio.wallet(account.key)).available).toBe(available);
    // The three that fell due at the end are shown, though they are not recorded.
    expect(rows.length).toBeGreaterThanOrEqual((await recordedRows()) + 3);
  });

  it.each([1, 7, 50])(
    'G40 given a history, when it is read in pages of %d, then both directions show every row once',
    async (size) => {
      const all = await readForwards<Row>(studio, historyOf(account.key), 100);
      const forwards = size === 1 ? all : await readForwards<Row>(studio, historyOf(account.key), size);
      expect(forwards).toEqual(all);
      if (size === 1) {
        // Around the border between what is recorded and what is not, row by row.
        const border = all.length - (await recordedRows());
        for (let index = border - 2; index <= border + 2; index += 1) {
          const cursor = Buffer.from(String(all[index]?.sequence)).toString('base64url');
          const next = await readPage<Row>(studio, historyOf(account.key), `first: 1, after: "${cursor}"`);
          expect(next.edges.map(({ node }) => node)).toEqual([all[index + 1]]);
          const previous = await readPage<Row>(studio, historyOf(account.key), `last: 1, before: "${cursor}"`);
          expect(previous.edges.map(({ node }) => node)).toEqual([all[index - 1]]);
        }
        return;
      }
      expect(await readBackwards<Row>(studio, historyOf(account.key), size)).toEqual(all);
    },
  );

  it('G40 given a history, when a page between two cursors is asked for, then it has what lies between them', async () => {
    const all = await readForwards<Row>(studio, historyOf(account.key), 100);
    const cursorOf = (index: number): string => Buffer.from(String(all[index]?.sequence)).toString('base64url');
    const between = await readPage<Row>(
      studio,
      historyOf(account.key),
      `first: 5, after: "${cursorOf(1)}", before: "${cursorOf(20)}"`,
    );
    expect(between.edges.map(({ node }) => node)).toEqual(all.slice(2, 7));
    const fromTheEnd = await readPage<Row>(
      studio,
      historyOf(account.key),
      `last: 5, after: "${cursorOf(1)}", before: "${cursorOf(20)}"`,
    );
    expect(fromTheEnd.edges.map(({ node }) => node)).toEqual(all.slice(15, 20));
  });

  it('G40 given a page that was read, when due rows are recorded and new ones arrive before the next page, then the pages show each old row once', async () => {
    const other = await app.newAccount();
    await runMixed(other, 7, 60);
    const all = await readForwards<Row>(studio, historyOf(other.key), 100);
    const add = async (): Promise<void> => {
      await studio.giveCredits(other.id, 1);
      app.clock.advance(minuteMs);
    };
    expect(await readForwards<Row>(studio, historyOf(other.key), 9, add)).toEqual(all);
    const before = await readForwards<Row>(studio, historyOf(other.key), 100);
    // Backwards the new rows come last, at the newest end.
    const backwards = await readBackwards<Row>(studio, historyOf(other.key), 9, add);
    expect(backwards.slice(-before.length)).toEqual(before);
    expect(backwards[0]?.sequence).toBe(backwards.length);
  });

  it('G40 given filters, when a history is read in pages, then they show what fits, counted', async () => {
    const all = await readForwards<Row>(studio, historyOf(account.key), 100);
    const releases = all.filter(({ type }) => type === 'RELEASE' || type === 'EXPIRY');
    const list = historyOf(account.key, ', type: [RELEASE, EXPIRY]');
    expect(await readForwards<Row>(studio, list, 4)).toEqual(releases);
    expect(await readBackwards<Row>(studio, list, 4)).toEqual(releases);
    expect((await readPage<Row>(studio, list, 'first: 1')).totalCount).toBe(releases.length);
    expect((await readPage<Row>(studio, historyOf(account.key), 'first: 1')).totalCount).toBe(all.length);
  });

  it('G40 given a span of time, when a history is read, then from is in it and to is not, also for what is not recorded', async () => {
    const list = { ...historyOf(account.key), nodeFields: 'id sequence type amount availableAfter createdAt' };
    const all = await readForwards<Row & { createdAt: string }>(studio, list, 100);
    const at = all.at(1)?.createdAt ?? '';
    const inSpan = all.filter(({ createdAt }) => createdAt >= at);
    const from = await readPage<Row>(
      studio,
      { ...list, field: `wallet { transactions(%, from: "${at}")` },
      'first: 100',
    );
    expect(from.edges.map(({ node }) => node)).toEqual(inSpan);
    const until = await readPage<Row>(studio, { ...list, field: `wallet { transactions(%, to: "${at}")` }, 'first: 1');
    expect(until.edges[0]?.node).toEqual(all[inSpan.length]);
    expect(until.totalCount).toBe(all.length - inSpan.length);
  });

  it('G40 given grants and generations, when they are read in pages, then both directions show each once, and new ones change nothing', async () => {
    const lists: ListOf[] = [
      { key: account.key, field: 'wallet { grants(%)', nodeFields: 'id amount' },
      { key: account.key, field: 'generations(%)', nodeFields: 'id status' },
    ];
    for (const list of lists) {
      const all = await readForwards<{ id: string }>(studio, list, 100);
      expect(all.length).toBeGreaterThan(10);
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
      expect(all.map(({ id }) => id)).toEqual(
        all
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
      expect(await readBackwards(studio, list, 6)).toEqual(all);
      const add = async (): Promise<void> => {
        app.clock.advance(10);
        await studio.giveCredits(account.id, 5);
        await studio.queue(account.key, { modelId: 'gmi/gemini-3.1-flash-lite', prompt: 'A haiku' });
      };
      expect(await readForwards(studio, list, 6, add)).toEqual(all);
    }
  });

  it.each(['first: 0', 'last: 0', 'first: 101', 'first: -1', 'first: 1, last: 1', 'after: "%%%"', 'before: "AAAA"'])(
    'G40 given a list, when %s is asked for, then the request is refused as BAD_REQUEST',
    async (args) => {
      const { errors } = await app.graphql(`{ wallet { transactions(${args}) { nodes { id } } } }`, {
        key: account.key,
      });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
    },
  );

  it.each([
    ['wallet { transactions', '\u0000'],
    ['wallet { transactions', '9999999999'],
    ['wallet { transactions', '-1'],
    ['wallet { grants', 'grant\u0000'],
    ['generations', '\u0000'],
  ])(
    'G40 given a cursor that no list has given, when %s is asked with %j, then the request is refused as BAD_REQUEST',
    async (field, text) => {
      const cursor = Buffer.from(text).toString('base64url');
      const closing = field.startsWith('wallet') ? '}' : '';
      const { errors } = await app.graphql(`{ ${field}(first: 1, after: "${cursor}") { nodes { id } } ${closing} }`, {
        key: account.key,
      });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
    },
  );
});
