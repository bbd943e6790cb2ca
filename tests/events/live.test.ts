import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProviderState } from '../../src/providers/index.ts';
import { statementsOf } from '../support/count-statements.ts';
import { describeOnBoth } from '../support/databases.ts';
import { type EventStream, subscribe as openStream } from '../support/event-stream.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createScriptedProvider, type ScriptedProvider, succeeded } from '../support/scripted-provider.ts';
import { startTwoCopies } from '../support/two-copies.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const watchGeneration = `subscription ($id: ID!, $after: ID) {
  generationUpdated(id: $id, after: $after) {
    id status progress text creditsHeld creditsCharged creditsRefunded failure { code } assets { mimeType }
  }
}`;
const watchWallet = 'subscription ($after: ID) { walletUpdated(after: $after) { id available held debt } }';

const opened: EventStream[] = [];

/** As a client does it; the stream is left with the end of the test. */
const subscribe: typeof openStream = async (...given) => {
  const stream = await openStream(...given);
  opened.push(stream);
  return stream;
};

afterEach(() => {
  for (const stream of opened.splice(0)) stream.leave();
});

interface Seen {
  readonly status: string;
  readonly progress: number | null;
  readonly text: string | null;
  readonly creditsHeld: number;
  readonly creditsCharged: number;
  readonly creditsRefunded: number;
}

interface Balance {
  readonly available: number;
  readonly held: number;
}

/** The first state that is like this; those on the way there may be told or not, each newer than the one before. */
async function stateLike(stream: EventStream, expected: object): Promise<Seen> {
  for (let version = 0; ;) {
    const { id, data } = await stream.next();
    expect(versionOf(id)).toBeGreaterThan(version);
    version = versionOf(id);
    const seen = data?.['generationUpdated'] as Seen; // The expectations check what it is.
    const isLike = Object.entries(expected).every(([name, value]) => seen[name as keyof Seen] === value);
    if (isLike) return seen;
    expect(['QUEUED', 'RUNNING']).toContain(seen.status);
  }
}

const nextBalance = async (stream: EventStream): Promise<Balance> =>
  (await stream.next()).data?.['walletUpdated'] as Balance; // The expectations check what it is.

const versionOf = (eventId: string): number => Number(eventId.slice(eventId.lastIndexOf('.') + 1));

/** Waits until nobody watches any more: whoever has left is forgotten. */
const untilForgotten = (app: TestApp): Promise<void> =>
  expect.poll(() => app.app.services.changes.watching(), { timeout: 5_000, interval: 10 }).toBe(0);

describeOnBoth('A live subscription', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let provider: ScriptedProvider;
  let account: { readonly id: string; readonly key: string };

  beforeAll(async () => {
    provider = createScriptedProvider();
    app = await startTestApp(kind, { provider });
    studio = createStudio(app);
  });
  beforeEach(async () => {
    provider.states.length = 0;
    account = await app.newAccount();
  });
  afterAll(async () => {
    expect(app.app.services.changes.watching()).toBe(0);
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const watch = (id: string, more: Parameters<typeof subscribe>[2] = {}): Promise<EventStream> =>
    subscribe(app.url, watchGeneration, { key: account.key, ...more, variables: { id, ...more.variables } });

  const working = (progress: number) => ({ kind: 'working', progress, checkAfterMs: 1_000 }) as const;
  const runAfter = async (ms: number): Promise<void> => {
    app.clock.advance(ms);
    await app.app.jobs.runDue();
  };

  it.each(['POST', 'GET'] as const)(
    'given a call that is watched by %s, when it runs and succeeds, then each state is told once and the stream is complete',
    async (method) => {
      const id = await studio.queue(account.key);
      provider.states.push(working(0.25), working(0.5), succeeded);
      const stream = await watch(id, { method });
      expect(stream.response.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
      });
      await stateLike(stream, { id, status: 'QUEUED', progress: null, creditsHeld: 3 });
      await app.app.jobs.runDue();
      await stateLike(stream, { status: 'RUNNING', progress: 0.25 });
      await runAfter(1_000);
      await stateLike(stream, { status: 'RUNNING', progress: 0.5, creditsCharged: 0 });
      await runAfter(1_000);
      expect(await stateLike(stream, { status: 'SUCCEEDED' })).toEqual({
        id,
        status: 'SUCCEEDED',
        progress: 1,
        text: 'The result',
        creditsHeld: 0,
        creditsCharged: 3,
        creditsRefunded: 0,
        failure: null,
        assets: [],
      });
      expect(await stream.rest()).toEqual([{ id: null, event: 'complete', data: '' }]);
      await untilForgotten(app);
    },
  );

  it('given a call that is watched, when it is cancelled, then that is the last that is told', async () => {
    const id = await studio.queue(account.key);
    const stream = await watch(id);
    await stateLike(stream, { status: 'QUEUED' });
    await studio.cancel(account.key, id);
    await stateLike(stream, { status: 'CANCELED', creditsHeld: 0 });
    expect(await stream.rest()).toMatchObject([{ event: 'complete' }]);
  });

  it('given a step that changes nothing that is seen, when it is written, then nothing is told', async () => {
    const id = await studio.queue(account.key);
    const generation = (): Promise<{ version: number } | null> =>
      app.database.prisma.generation.findFirst({ where: { id }, select: { version: true } });
    await app.database.prisma.generation.updateMany({ where: { id }, data: { submittingAt: new Date() } });
    expect(await generation()).toEqual({ version: 1 });
    await app.database.prisma.generation.updateMany({ where: { id }, data: { progress: 0.5 } });
    expect(await generation()).toEqual({ version: 2 });
  });

  it('given a text that grows, when it is watched, then what is told grows, and the whole text comes last', async () => {
    const id = await studio.queue(account.key);
    provider.states.push(working(0));
    await app.app.jobs.runDue();
    const stream = await watch(id);
    await stateLike(stream, { status: 'RUNNING', text: null });
    for (const text of ['Rain', 'Rain on', 'Rain on the roof']) {
      await app.database.prisma.generation.updateMany({ where: { id }, data: { text } });
      app.app.services.changes.say(account.id);
      await stateLike(stream, { status: 'RUNNING', text });
    }
    provider.states.push(succeeded);
    await runAfter(1_000);
    await stateLike(stream, { status: 'SUCCEEDED', text: 'The result' });
    expect(await stream.rest()).toHaveLength(1);
  });

  it.each(['after', 'Last-Event-ID'])(
    'given a subscriber whose connection breaks after every event, when it goes on by %s, then it misses nothing and sees nothing twice',
    async (way) => {
      const id = await studio.queue(account.key);
      provider.states.push(...[1, 2, 3, 4, 5].map((tenth) => working(tenth / 10)), succeeded);
      const seen: (number | null)[] = [];
      const versions: number[] = [];
      let last: string | null = null;
      for (let status = ''; status !== 'SUCCEEDED';) {
        const stream = await watch(id, {
          ...(way === 'after' ? { variables: { after: last } } : {}),
          ...(way !== 'after' && last !== null ? { headers: { 'last-event-id': last } } : {}),
        });
        const coming = stream.next();
        // What is told is awaited before and after it happens, in turn.
        if (versions.length > 0 && versions.length % 2 === 0) await runAfter(1_000);
        else void runAfter(1_000);
        const { id: eventId, data } = await coming;
        const told = data?.['generationUpdated'] as Seen; // Checked below.
        ({ status } = told);
        seen.push(told.progress);
        versions.push(versionOf(eventId));
        last = eventId;
        stream.leave();
        // The next state comes while nobody watches.
        await runAfter(1_000);
      }
      expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
      expect(seen.at(-1)).toBe(1);
      expect(seen).toEqual([...seen].sort((left, right) => (left ?? 0) - (right ?? 0)));

      const finished = await watch(id, { variables: { after: last } });
      expect(await finished.rest()).toEqual([{ id: null, event: 'complete', data: '' }]);
      // 3 were charged; 1 comes back.
      await studio.refund(id, 1);
      const refunded = await watch(id, { variables: { after: last } });
      await stateLike(refunded, { status: 'SUCCEEDED', creditsRefunded: 1 });
      expect(await refunded.rest()).toHaveLength(1);
    },
  );

  it('given both an older `after` and a newer Last-Event-ID, as a browser sends them, when it comes again, then the newer counts', async () => {
    const id = await studio.queue(account.key);
    await studio.cancel(account.key, id);
    const headers = { 'last-event-id': `${id}.2` };
    const stream = await watch(id, { method: 'GET', variables: { after: `${id}.1` }, headers });
    expect(await stream.rest()).toMatchObject([{ event: 'complete' }]);
  });

  it('given an event that is still to come, as after the database was set back, when it is named, then the present state is told', async () => {
    const id = await studio.queue(account.key);
    const stream = await watch(id, { variables: { after: `${id}.9` } });
    await stateLike(stream, { status: 'QUEUED' });
    stream.leave();
    await untilForgotten(app);
  });

  it.each(['', '1', 'gen_01kdwpvng0e73b5jg8vgrj6ats.1', 'wallet.1'])(
    'given %j as the last event, when it is no event of this subscription, then that is BAD_REQUEST',
    async (after) => {
      const id = await studio.queue(account.key);
      for (const given of [after, `${id}.`, `${id}.1.1`, `${id}.x`, `${id}.-1`]) {
        const stream = await watch(id, { variables: { after: given } });
        expect(await stream.next()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
        expect(await stream.rest()).toMatchObject([{ event: 'complete' }]);
      }
    },
  );

  it('G22 given a call of another account, when it is watched, then it looks like one that does not exist', async () => {
    const id = await studio.queue(account.key);
    const other = await app.newAccount();
    const strangers = await watch(id, { key: other.key });
    const nobodys = await watch('gen_01kdwpvng0e73b5jg8vgrj6ats', { key: other.key });
    const messages = await strangers.rest();
    expect(messages).toMatchObject([{ event: 'next' }, { event: 'complete' }]);
    expect(messages[0]?.data).toContain('NOT_FOUND');
    expect(await nobodys.rest()).toEqual(messages);
    expect(strangers.response.statusCode).toBe(nobodys.response.statusCode);
    // Where events are not wanted, the answer is like any other.
    const { status, errors } = await app.graphql(watchGeneration, {
      key: other.key,
      variables: { id },
      headers: { accept: '*/*' },
    });
    expect([status, errors[0]?.extensions.code]).toEqual([200, 'NOT_FOUND']);
    await untilForgotten(app);
  });

  it('G36 given nobody, when a call or a wallet is watched, then that is UNAUTHENTICATED, and with a wrong key 401', async () => {
    const id = await studio.queue(account.key);
    for (const document of [watchGeneration, watchWallet]) {
      const stream = await subscribe(app.url, document, { variables: { id } });
      expect(await stream.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      const wrong = await subscribe(app.url, document, { variables: { id }, key: 'wzrd_nobody' });
      expect(wrong.response.statusCode).toBe(401);
      wrong.leave();
    }
    expect(app.app.services.changes.watching()).toBe(0);
  });

  it('given a client that takes no events, when it subscribes, then it is told what to send', async () => {
    const id = await studio.queue(account.key);
    const { errors } = await app.graphql(watchGeneration, { key: account.key, variables: { id } });
    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_REQUEST' }, message: expect.stringContaining('text/event-stream') },
    ]);
    expect(app.app.services.changes.watching()).toBe(0);
  });

  it('G38 given a subscription that asks for too much, when it comes, then it is refused once and ends', async () => {
    const page =
      'transactions(first: 100) { nodes { fundings { grant { id } } generation { fundings { grant { id } } } } }';
    const document = `subscription { walletUpdated { ${['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => `${alias}: ${page}`).join(' ')} } }`;
    const stream = await subscribe(app.url, document, { key: account.key });
    expect(await stream.next()).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
    expect(await stream.rest()).toMatchObject([{ event: 'complete' }]);
    await untilForgotten(app);
  });

  it('given a wallet that is watched, when credits come, are held, charged and given back, then each balance is told', async () => {
    const stream = await subscribe(app.url, watchWallet, { key: account.key });
    expect(await nextBalance(stream)).toMatchObject({ available: 100, held: 0 });
    await studio.giveCredits(account.id, 50);
    expect(await nextBalance(stream)).toMatchObject({ available: 150, held: 0 }); // 100 + 50
    const charged = await studio.queue(account.key);
    expect(await nextBalance(stream)).toMatchObject({ available: 147, held: 3 }); // 150 - 3
    // The calls of other tests end with it.
    provider.states.push(...Array<ProviderState>(100).fill(succeeded));
    await app.app.jobs.runDue();
    expect(await nextBalance(stream)).toMatchObject({ available: 147, held: 0 });
    await studio.refund(charged);
    expect(await nextBalance(stream)).toMatchObject({ available: 150, held: 0 }); // 147 + 3
    stream.leave();
    await untilForgotten(app);
  });

  it('given the wallets of two accounts, when one changes, then the other is told nothing', async () => {
    const other = await app.newAccount();
    const mine = await subscribe(app.url, watchWallet, { key: account.key });
    const theirs = await subscribe(app.url, watchWallet, { key: other.key });
    expect([await nextBalance(mine), await nextBalance(theirs)]).toMatchObject([
      { available: 100 },
      { available: 100 },
    ]);
    await studio.queue(account.key);
    expect(await nextBalance(mine)).toMatchObject({ available: 97, held: 3 });
    await studio.giveCredits(other.id, 1);
    expect(await nextBalance(theirs)).toMatchObject({ available: 101, held: 0 });
    mine.leave();
    theirs.leave();
    await untilForgotten(app);
  });

  it('given a wallet that has changed while nobody watched, when its owner goes on by the last event, then the present balance is told once', async () => {
    const first = await subscribe(app.url, watchWallet, { key: account.key });
    const { id: after } = await first.next();
    first.leave();
    const same = await subscribe(app.url, watchWallet, { key: account.key, headers: { 'last-event-id': after } });
    await studio.queue(account.key);
    await studio.queue(account.key);
    const again = await subscribe(app.url, watchWallet, { key: account.key, variables: { after } });
    expect(await nextBalance(again)).toMatchObject({ available: 94, held: 6 }); // 100 - 2 x 3
    await expect.poll(async () => (await nextBalance(same)).held).toBe(6);
    for (const stream of [same, again]) stream.leave();
    await untilForgotten(app);
  });

  it('given a client that does not read, when the text grows by 40 megabytes in 80 steps, then it gets a few states, each newer, and the newest last', async () => {
    const id = await studio.queue(account.key);
    provider.states.push(working(0));
    await app.app.jobs.runDue();
    const stream = await watch(id);
    const { id: first } = await stream.next();
    stream.response.pause();
    const steps = 80;
    for (let step = 1; step <= steps; step += 1) {
      // Ever the same size, so that each event takes half a megabyte of whatever lies between.
      await app.database.prisma.$executeRaw`
        UPDATE generation SET text = ${step} || repeat('x', 500000) WHERE id = ${id}`;
      app.app.services.changes.say(account.id);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const told: string[] = [];
    const versions = [versionOf(first)];
    while (!told.at(-1)?.startsWith(`${steps}x`)) {
      const { id: eventId, data } = await stream.next();
      told.push((data?.['generationUpdated'] as Seen).text ?? ''); // As above.
      versions.push(versionOf(eventId));
    }
    // The sockets hold some megabytes; everything else was never made.
    expect(told.length).toBeLessThan(steps / 2);
    expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
    stream.leave();
    await untilForgotten(app);
  });

  it('given clients that leave, some before they have read anything, when they are gone, then nobody watches any more', async () => {
    const id = await studio.queue(account.key);
    const streams = await Promise.all([...Array<string>(20).fill(id)].map((each) => watch(each)));
    for (const stream of streams.slice(0, 10)) await stream.next();
    await expect.poll(() => app.app.services.changes.watching()).toBe(20);
    for (const stream of streams) stream.leave();
    await untilForgotten(app);
  });

  it('G38 given an account that watches 100 times, when it watches once more, then that is RATE_LIMITED, and others watch on', async () => {
    const id = await studio.queue(account.key);
    const streams = await Promise.all([...Array<string>(100).fill(id)].map((each) => watch(each)));
    const refused = await watch(id);
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    const other = await app.newAccount();
    const theirs = await subscribe(app.url, watchWallet, { key: other.key });
    expect(await nextBalance(theirs)).toMatchObject({ available: 100 });
    for (const stream of [...streams, theirs]) stream.leave();
    await untilForgotten(app);
  });

  it('given streams on which nothing happens, when the server closes, then they end at once, without the word that they are complete', async () => {
    const closing = await startTestApp(kind);
    const { key } = await closing.newAccount();
    const streams = await Promise.all([1, 2, 3].map(() => subscribe(closing.url, watchWallet, { key })));
    for (const stream of streams) await stream.next();
    const startedAt = performance.now();
    await closing.close();
    // Requests under way would have 10 seconds.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (const stream of streams) expect(await stream.rest()).toEqual([]);
  });
});

describe('Live subscriptions of several processes on one PostgreSQL', () => {
  it('given a call and a wallet that are watched on one process, when another runs the call, then all is told here', async () => {
    const { here, there, end } = await startTwoCopies();
    const { key } = await here.newAccount();
    const wallet = await subscribe(here.url, watchWallet, { key });
    expect(await nextBalance(wallet)).toMatchObject({ available: 100, held: 0 });
    const id = await createStudio(there).queue(key);
    expect(await nextBalance(wallet)).toMatchObject({ available: 97, held: 3 }); // 100 - 3
    const stream = await subscribe(here.url, watchGeneration, { key, variables: { id } });
    await stateLike(stream, { status: 'QUEUED' });
    await there.app.jobs.runDue();
    await stateLike(stream, { status: 'RUNNING' });
    await there.settle();
    const messages = await stream.rest();
    expect(messages.at(-1)).toMatchObject({ event: 'complete' });
    expect(messages.at(-2)?.data).toContain('SUCCEEDED');
    expect(await nextBalance(wallet)).toMatchObject({ available: 97, held: 0 });
    await end();
  });

  it('given a subscriber whose process closes, when it goes on at another, then it misses nothing', async () => {
    const { here, there, end } = await startTwoCopies();
    const { key } = await here.newAccount();
    const id = await createStudio(here).queue(key);
    const stream = await subscribe(here.url, watchGeneration, { key, variables: { id } });
    const { id: after } = await stream.next();
    const closed = here.close();
    expect(await stream.rest()).toEqual([]);
    await closed;
    await there.app.jobs.runDue();
    const again = await subscribe(there.url, watchGeneration, { key, variables: { id, after } });
    await stateLike(again, { status: 'RUNNING' });
    again.leave();
    await end();
  });

  it('given a process that lost the connection on which it hears of changes, when another changes something, then it is told all the same', async () => {
    const { database, here, there, end } = await startTwoCopies();
    const { key } = await here.newAccount();
    const wallet = await subscribe(here.url, watchWallet, { key });
    await nextBalance(wallet);
    const ended = await database.prisma.$queryRaw<unknown[]>`
      SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%account_changes%' AND pid <> pg_backend_pid()`;
    expect(ended).toHaveLength(2);
    await createStudio(there).queue(key);
    expect(await nextBalance(wallet)).toMatchObject({ available: 97, held: 3 }); // 100 - 3
    await end();
  });

  it('given 50 who watch one wallet, when it changes, then it is read once for all of them', async () => {
    const { here, end } = await startTwoCopies();
    const { key } = await here.newAccount();
    const streams = await Promise.all(Array.from({ length: 50 }, () => subscribe(here.url, watchWallet, { key })));
    for (const stream of streams) await nextBalance(stream);
    const statements = await statementsOf(async () => {
      await createStudio(here).queue(key);
      for (const stream of streams) expect(await nextBalance(stream)).toMatchObject({ available: 97, held: 3 });
    });
    // One read locks nothing and names no key: those of the command are others.
    expect(statements.filter((text) => text.includes('WITH wallets AS')).length).toBeLessThanOrEqual(4);
    await end();
  });
});
