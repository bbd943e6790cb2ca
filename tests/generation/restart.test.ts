import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createScriptedProvider, succeeded } from '../support/scripted-provider.ts';
import { createStudio } from '../support/studio.ts';
import { startTestApp } from '../support/test-app.ts';
import { createTestClock } from '../support/test-clock.ts';

describeOnBoth('A restart', (kind) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await openTestDatabase(kind);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(database.database)).toEqual([]);
    await database.database.close();
  });

  it('G21 given calls that are queued and under way, when the server is started anew, then it asks about what was sent and sends only what was not', async () => {
    const clock = createTestClock();
    const before = createScriptedProvider();
    const first = await startTestApp(kind, { database, clock, provider: before });
    const { key } = await first.newAccount();
    const running = await createStudio(first).queue(key);
    await first.app.jobs.runDue();
    const queued = await createStudio(first).queue(key);
    expect(before.submitted.map(({ generationId }) => generationId)).toEqual([running]);
    await first.close();

    clock.advanceSeconds(5);
    const after = createScriptedProvider();
    after.states.push(succeeded, succeeded);
    const second = await startTestApp(kind, { database, clock, provider: after });
    const studio = createStudio(second);
    // 100 - 2 x 3 held = 94
    expect(await studio.wallet(key)).toEqual({ available: 94, held: 6 });
    await second.settle();

    expect(after.submitted.map(({ generationId }) => generationId)).toEqual([queued]);
    expect(after.checked).toContain('request-1');
    for (const id of [running, queued]) {
      expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
    }
    expect(await studio.wallet(key)).toEqual({ available: 94, held: 0 });
    await second.close();
  });

  it('G21 given a process that died while it held a step, when the server is started anew, then the step goes on within the lease', async () => {
    const clock = createTestClock('2026-02-01T00:00:00Z');
    const before = createScriptedProvider();
    const first = await startTestApp(kind, { database, clock, provider: before });
    const { key } = await first.newAccount();
    const id = await createStudio(first).queue(key);
    await first.app.jobs.runDue();
    await database.database.prisma.job.update({
      where: { id: `job_${id}` },
      data: { leaseId: 'lease_of_the_dead', leasedUntil: new Date(clock.now() + 60_000), dueAt: new Date(clock.now()) },
    });
    await first.close();

    const after = createScriptedProvider();
    after.states.push(succeeded);
    const second = await startTestApp(kind, { database, clock, provider: after });
    // The embedded database has one process, so whoever held a step is gone.
    if (kind === 'postgres') {
      await second.app.jobs.runDue();
      expect(after.checked).toEqual([]);
      clock.advanceSeconds(60);
    }
    await second.app.jobs.runDue();
    expect(after.submitted).toEqual([]);
    expect(after.checked).toEqual(['request-1']);
    expect(await createStudio(second).generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
    await second.close();
  });

  it('G01 given a key that was used, when the server is started anew, then it replays', async () => {
    const clock = createTestClock('2026-03-01T00:00:00Z');
    const first = await startTestApp(kind, { database, clock });
    const { key } = await first.newAccount();
    const input = { modelId: 'gmi/glm-5.1', prompt: 'A haiku', idempotencyKey: 'before' };
    const answer = await createStudio(first).generate(key, input);
    await first.close();
    const second = await startTestApp(kind, { database, clock });
    expect(await createStudio(second).generate(key, input)).toMatchObject({ id: answer.id, replayed: true });
    await second.close();
  });

  it('G17 given a quote, when the server is started anew, then it is still good', async () => {
    const clock = createTestClock('2026-04-01T00:00:00Z');
    const first = await startTestApp(kind, { database, clock });
    const { key } = await first.newAccount();
    const { quote } = await createStudio(first).ask<{ quote: { id: string } }>(
      '{ quote(input: { modelId: "gmi/glm-5.1" }) { ... on Quote { id } } }',
      { key },
    );
    await first.close();
    const second = await startTestApp(kind, { database, clock });
    const studio = createStudio(second);
    await studio.updateModel('gmi/glm-5.1', { credits: 9 });
    const input = { modelId: 'gmi/glm-5.1', prompt: 'A haiku', quoteId: quote.id };
    expect(await studio.generate(key, input)).toMatchObject({ __typename: 'Generation', creditsHeld: 2 });
    await studio.updateModel('gmi/glm-5.1', { credits: 2 });
    await second.close();
  });
});
