import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { advanceClock, shownTime } from '../support/move-clock.ts';
import { createStudio, mini } from '../support/studio.ts';
import { startTestApp } from '../support/test-app.ts';
import { createTestClock } from '../support/test-clock.ts';

const at = (start: string, seconds: number): string => new Date(Date.parse(start) + seconds * 1_000).toISOString();

describeOnBoth('A restart after the clock was moved', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase(kind);
  });
  afterAll(() => database.database.close());

  test('given a clock that was moved by a year, when the server is started anew, then it goes on from there', async () => {
    const clock = createTestClock();
    const first = await startTestApp(kind, { database, clock });
    const start = await shownTime(first);
    await advanceClock(first, 365 * 86_400);
    await first.close();

    clock.advanceSeconds(10);
    const second = await startTestApp(kind, { database, clock });
    expect(await shownTime(second)).toBe(at(start, 365 * 86_400 + 10));
    expect(await advanceClock(second, 5)).toMatchObject({ now: at(start, 365 * 86_400 + 15) });
    await second.close();
  });

  test('given a move of many steps, when the server stops on its way, then the clock stays where it is and the next server goes on', async () => {
    const clock = createTestClock();
    const first = await startTestApp(kind, { database, clock });
    const { key } = await first.newAccount();
    const start = await shownTime(first);
    const id = await createStudio(first).queue(key, { ...mini, params: { sandbox: 'hang' } });
    const move = advanceClock(first, 86_400).then(
      () => 'done',
      () => 'broken off',
    );
    await expect.poll(() => shownTime(first)).not.toBe(start);
    await first.close();
    expect(await move).toBe('broken off');

    const second = await startTestApp(kind, { database, clock });
    const reached = await shownTime(second);
    expect(reached > start).toBe(true);
    // The provider's half hour was not over.
    expect(reached < at(start, 1_800)).toBe(true);
    expect(await createStudio(second).generation(key, id)).toMatchObject({ status: 'RUNNING' });
    await advanceClock(second, 10);
    expect(await shownTime(second)).toBe(at(reached, 10));
    await createStudio(second).cancel(key, id);
    await second.close();
  });

  test('G21 given a step whose process is gone, when the clock is moved, then it is taken over at the end of its lease', async () => {
    const app = await startTestApp(kind, { database });
    const { key } = await app.newAccount();
    const start = await shownTime(app);
    const id = await createStudio(app).queue(key, mini);
    await database.database.prisma.job.update({
      where: { id: `job_${id}` },
      data: { leaseId: 'lease_of_the_dead', leasedUntil: new Date(at(start, 60)) },
    });
    await advanceClock(app, 3_600);
    // Submitted a minute late, it took its 1.5 seconds.
    expect(await createStudio(app).generation(key, id)).toMatchObject({
      status: 'SUCCEEDED',
      completedAt: at(start, 61.5),
    });
    await app.close();
  });

  test('given a job that comes back at the same instant for ever, when the clock is moved, then it does not keep the clock there, and the others are done', async () => {
    let checks = 0;
    const app = await startTestApp(kind, {
      database,
      provider: {
        submit: async ({ generationId }) => ({ kind: 'accepted', requestId: generationId }),
        check: async () => {
          checks += 1;
          return { kind: 'working', progress: null, checkAfterMs: 0 };
        },
        cancel: async () => {},
      },
    });
    const { id: accountId, key } = await app.newAccount();
    const start = await shownTime(app);
    const studio = createStudio(app);
    await studio.giveCredits(accountId, 40, { expiresAt: at(start, 30) });
    const id = await studio.queue(key, mini);
    expect(await advanceClock(app, 60)).toMatchObject({ now: at(start, 60) });
    expect(checks).toBeGreaterThan(50);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
    const { wallet } = await studio.ask<{ wallet: unknown }>(
      '{ wallet { transactions(first: 1) { nodes { type createdAt } } } }',
      { key },
    );
    expect(wallet).toEqual({ transactions: { nodes: [{ type: 'EXPIRY', createdAt: at(start, 30) }] } });
    await app.close();
  });
});
