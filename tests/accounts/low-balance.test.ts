import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { advanceClock } from '../support/move-clock.ts';
import { createStudio, mini, type Studio, veo } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

const eventFields = 'nodes { id type data createdAt } pageInfo { hasNextPage endCursor } totalCount';

describeOnBoth('The low balance event', (kind) => {
  let app: TestApp;
  let studio: Studio;
  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());

  const eventsOf = async (key: string): Promise<EventRow[]> =>
    (
      await studio.ask<{ accountEvents: { nodes: EventRow[] } }>(
        '{ accountEvents(first: 100) { nodes { id type data createdAt } } }',
        { key },
      )
    ).accountEvents.nodes;
  const spendThrees = async (key: string, times: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let time = 0; time < times; time += 1) ids.push(await studio.queue(key, mini));
    return ids;
  };

  /** Leaves 25 of the 100 credits that an account begins with, which is not low. */
  const spendTo25 = async (key: string): Promise<void> => {
    for (let time = 0; time < 3; time += 1) await studio.queue(key, veo); // 100 - 3 * 25 = 25
  };

  test('given 100 credits, when calls are made until 10 are left, then the fall below 25 is noted once', async () => {
    const { key } = await app.newAccount();
    await spendTo25(key);
    expect(await eventsOf(key)).toEqual([]);
    await spendThrees(key, 5);
    const events = await eventsOf(key);
    expect(events).toMatchObject([{ type: 'LOW_BALANCE', data: { available: 22, lowBalanceThreshold: 25 } }]); // 25 - 3
    expect(events[0]?.id).toMatch(/^event_[0-9a-z]{26}$/);
  });

  test('given a low balance, when it rises to 25 and falls again, then that is noted too; where it stays low, nothing is', async () => {
    const { id, key } = await app.newAccount();
    await spendTo25(key);
    await spendThrees(key, 1); // 25 - 3 = 22
    await studio.giveCredits(id, 2); // 24
    await spendThrees(key, 1); // 21
    expect(await eventsOf(key)).toHaveLength(1);
    await studio.giveCredits(id, 4); // 25
    await spendThrees(key, 1);
    expect((await eventsOf(key)).map(({ data }) => data['available'])).toEqual([22, 22]);
  });

  test('given a call that is cancelled, when its credits come back and go again, then each fall is noted', async () => {
    const { key } = await app.newAccount();
    await spendTo25(key);
    const [call] = await spendThrees(key, 1); // 22
    await studio.cancel(key, call ?? ''); // 25
    await spendThrees(key, 1); // 22
    expect(await eventsOf(key)).toHaveLength(2);
  });

  test('given 50 calls at once, when together they cross the line, then it is noted once', async () => {
    const { id, key } = await app.newAccount();
    await studio.giveCredits(id, 60);
    // 100 + 60 - 50 * 3 = 10
    await Promise.all(Array.from({ length: 50 }, () => studio.queue(key, mini)));
    expect(await eventsOf(key)).toHaveLength(1);
  });

  test('given credits that expire, when nobody touches the wallet, then their fall is noted all the same', async () => {
    const { id, key } = await app.newAccount();
    const expiresAt = new Date(app.app.services.clock.now() + 60_000).toISOString();
    await studio.giveCredits(id, 50, { expiresAt, priority: 40 });
    await spendTo25(key);
    await spendThrees(key, 1); // 22 welcome + 50 that expire
    expect(await eventsOf(key)).toEqual([]);
    await advanceClock(app, 60);
    expect(await eventsOf(key)).toMatchObject([{ data: { available: 22 }, createdAt: expiresAt }]);
  });

  test('given a refused call, when nothing is spent, then nothing is noted', async () => {
    const { id, key } = await app.newAccount();
    await spendTo25(key);
    await spendThrees(key, 1);
    await studio.giveCredits(id, 3); // 25
    const answer = await studio.generate(key, { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'A storm' });
    expect(answer.__typename).toBe('InsufficientCreditsError');
    expect(await eventsOf(key)).toHaveLength(1);
  });

  test('given several events, when they are read in pages, then they come newest first, also by their ids', async () => {
    const { id, key } = await app.newAccount();
    await spendTo25(key);
    await spendThrees(key, 1);
    for (let time = 0; time < 2; time += 1) {
      await advanceClock(app, 1);
      await studio.giveCredits(id, 3);
      await spendThrees(key, 1);
    }
    const all = await eventsOf(key);
    expect(all).toHaveLength(3);
    type Page = { nodes: EventRow[]; pageInfo: { hasNextPage: boolean; endCursor: string }; totalCount: number };
    const page = async (after: string | null): Promise<Page> =>
      (
        await studio.ask<{ accountEvents: Page }>(
          `query ($after: String) { accountEvents(first: 2, after: $after) { ${eventFields} } }`,
          { key, variables: { after } },
        )
      ).accountEvents;
    const first = await page(null);
    expect(first).toMatchObject({ nodes: all.slice(0, 2), pageInfo: { hasNextPage: true }, totalCount: 3 });
    expect(await page(first.pageInfo.endCursor)).toMatchObject({
      nodes: all.slice(2),
      pageInfo: { hasNextPage: false },
    });
    const { node } = await studio.ask<{ node: unknown }>(
      'query ($id: ID!) { node(id: $id) { __typename id ... on AccountEvent { type } } }',
      { key, variables: { id: all[0]?.id } },
    );
    expect(node).toEqual({ __typename: 'AccountEvent', id: all[0]?.id, type: 'LOW_BALANCE' });
  });

  test('G36 given the events of an account, when another looks, then it sees none of them, and an administrator does', async () => {
    const { id, key } = await app.newAccount();
    await spendTo25(key);
    await spendThrees(key, 1);
    const [event] = await eventsOf(key);
    const other = await app.newAccount();
    expect(await eventsOf(other.key)).toEqual([]);
    const { node } = await studio.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', {
      key: other.key,
      variables: { id: event?.id },
    });
    expect(node).toBeNull();
    const seen = await studio.ask<{ accountById: { events: { nodes: EventRow[] } } }>(
      'query ($id: ID!) { accountById(id: $id) { events { nodes { id type data createdAt } } } }',
      { key: adminKey, variables: { id } },
    );
    expect(seen.accountById.events.nodes).toEqual([event]);
  });
});
