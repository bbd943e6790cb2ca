import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DatabaseKind, describeOnBoth, openTestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { connectAgain } from '../support/second-connection.ts';
import { stripeOf } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { allOrders, nameOf, sampleOf } from './permutations/orders.ts';
import { record, type Recording } from './permutations/recording.ts';
import { replay, startReplay } from './permutations/replay.ts';
import { stories } from './permutations/stories.ts';

/** `npm run test:permutations` tries every order, on the embedded database. */
const triesAll = process.env['EVERY_ORDER'] !== undefined;
/** How many orders of a story are tried, and how long that may take. */
const tried: Readonly<Record<DatabaseKind, { readonly orders: number; readonly timeout: number }>> = {
  embedded: triesAll ? { orders: Number.POSITIVE_INFINITY, timeout: 3_600_000 } : { orders: 12, timeout: 120_000 },
  postgres: { orders: 8, timeout: 120_000 },
};

describeOnBoth('G25 G32 Events in any order, late or timely, once or doubled', (kind) => {
  describe.each(stories)('$name', ({ live }) => {
    let app: TestApp;
    let recording: Recording;
    beforeAll(async () => {
      app = await startTestApp(kind);
      recording = await record(app, live);
    });
    afterAll(() => app.close());

    const { orders, timeout } = tried[kind];
    test(
      'given the story was lived once, when it is heard of in another order, then the same is there in the end',
      { timeout },
      async () => {
        for (const order of sampleOf(allOrders(recording.events.length), orders)) {
          expect(await replay(app, recording, order), nameOf(order)).toEqual(recording.lived);
        }
        expect(await findLedgerFaults(app.database)).toEqual([]);
      },
    );
  });
});

describeOnBoth('Events at once', (kind) => {
  const connections = 8;
  let app: TestApp;
  let servers: readonly TestApp[];
  let recording: Recording;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const first = await openTestDatabase(kind);
    app = await startTestApp(kind, { database: first });
    const renewal = stories.find(({ name }) => name.startsWith('renew'));
    if (renewal === undefined) throw new Error('There is no story of a renewal.');
    recording = await record(app, renewal.live);
    // The embedded database has one process; on PostgreSQL two work at once.
    const second = kind === 'embedded' ? null : await connectAgain(first);
    const other = second === null ? null : await startTestApp(kind, { database: second, clock: app.clock });
    servers = other === null ? [app] : [app, other];
    close = async () => {
      for (const server of servers) await server.close();
      await second?.database.close();
      await first.database.close();
    };
  });
  afterAll(() => close());

  /** Sends events over a connection each, and has them applied by all servers at once. */
  const hearAtOnce = async (eventIds: readonly string[]): Promise<void> => {
    const serverOf = (index: number): TestApp => servers[index % servers.length] ?? app;
    const sent = await Promise.all(eventIds.map((id, index) => stripeOf(serverOf(index)).deliverEvent(id)));
    expect(sent).toEqual(eventIds.map(() => 'accepted'));
    await Promise.all(eventIds.map((_, index) => serverOf(index).app.jobs.runDue()));
    // Whoever found another at the same thing comes back half a second later.
    await app.settle(2);
  };
  const statesOf = async (eventIds: readonly string[]): Promise<string[]> => {
    const events = await app.database.prisma.stripeEvent.findMany({ where: { id: { in: [...eventIds] } } });
    return events.map(({ state }) => state);
  };

  test('G24 given a plan was paid for, when the same event comes over 8 connections at once, then it has one effect', async () => {
    const account = await startReplay(app, recording);
    await account.show(recording.final);
    const [event] = recording.events;
    if (event === undefined) throw new Error('The story has no event.');
    const id = await account.stage(event, 'FIRST');
    await hearAtOnce(Array.from({ length: connections }, () => id));
    expect(await statesOf([id])).toEqual(['APPLIED']);
    expect(await account.digest()).toEqual(recording.lived);
    expect(await findLedgerFaults(app.database)).toEqual([]);
  });

  test('G25 given a plan was renewed, when 8 events about it come at once, then the same is there as if they had come one by one', async () => {
    const account = await startReplay(app, recording);
    await account.show(recording.final);
    const ids: string[] = [];
    for (const copy of ['FIRST', 'ANOTHER'] as const) {
      for (const event of recording.events) ids.push(await account.stage(event, copy));
    }
    const eight = ids.slice(0, connections);
    await hearAtOnce(eight);
    expect(await statesOf(eight)).toEqual(eight.map(() => 'APPLIED'));
    expect(await account.digest()).toEqual(recording.lived);
    expect(await findLedgerFaults(app.database)).toEqual([]);
  });
});
