import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { ask } from '../support/http.ts';
import { createScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;

describeOnBoth('What an operator should look at', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let provider: ScriptedProvider;

  beforeAll(async () => {
    provider = createScriptedProvider();
    app = await startTestApp(kind, { provider });
    studio = createStudio(app);
  });
  afterAll(() => app.close());

  const list = async (field: string, args = ''): Promise<{ ids: string[]; accounts: string[]; total: number }> => {
    const data = await studio.ask<Record<string, { nodes: { id: string; accountId: string }[]; totalCount: number }>>(
      `{ ${field}${args} { nodes { id accountId } totalCount } }`,
      { key: adminKey },
    );
    const { nodes = [], totalCount: total = 0 } = data[field] ?? {};
    return { ids: nodes.map(({ id }) => id), accounts: nodes.map(({ accountId }) => accountId), total };
  };
  /** The value of a gauge, as Prometheus reads it. */
  const gauge = async (name: string): Promise<number> => {
    const { text } = await ask(`${app.url}/metrics`, { headers: { authorization: `Bearer ${adminKey}` } });
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  };

  it('given a generation that nobody works on, when its hold has less than five minutes left, then it is listed until it ends', async () => {
    const { key, id: accountId } = await app.newAccount();
    const id = await studio.queue(key);
    // A hold of 15 minutes - 9 minutes = 6 minutes that are left
    app.clock.advance(9 * minuteMs);
    expect(await list('holdsAtRisk')).toMatchObject({ total: 0 });
    app.clock.advance(2 * minuteMs);
    expect(await list('holdsAtRisk')).toEqual({ ids: [id], accounts: [accountId], total: 1 });
    expect(await gauge('wzrd_holds_at_risk')).toBe(1);
    // It has lapsed, and nobody has noticed.
    app.clock.advance(10 * minuteMs);
    expect((await list('holdsAtRisk')).ids).toEqual([id]);
    expect(await gauge('wzrd_jobs_waiting')).toBe(1);
    await studio.cancel(key, id);
    expect(await list('holdsAtRisk')).toMatchObject({ total: 0 });
  });

  it('given a provider that works for half an hour, when it is asked all the time, then its hold is never at risk', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key);
    for (let minute = 0; minute < 28; minute += 1) {
      await app.app.jobs.runDue();
      app.clock.advance(minuteMs);
      expect((await list('holdsAtRisk')).ids).toEqual([]);
    }
    await studio.cancel(key, id);
  });

  it('given requests whose fate nobody knows, when their generations end, then they are listed, newest first and page by page', async () => {
    const { key, id: accountId } = await app.newAccount();
    provider.submissions.push(new Error('The process ended here.'));
    const lost = await studio.queue(key);
    await app.app.jobs.runDue();
    expect(await list('orphanedGenerations')).toMatchObject({ total: 0 });
    // A minute for its provider to speak up.
    app.clock.advance(minuteMs);
    await app.settle();
    expect(await studio.generation(key, lost)).toMatchObject({ status: 'FAILED', failure: { code: 'INTERNAL' } });

    provider.submissions.push(new Error('The process ended here.'));
    const canceled = await studio.queue(key);
    await app.app.jobs.runDue();
    await studio.cancel(key, canceled);
    expect(await list('orphanedGenerations')).toEqual({
      ids: [canceled, lost],
      accounts: [accountId, accountId],
      total: 2,
    });
    expect((await list('orphanedGenerations', '(last: 1)')).ids).toEqual([lost]);
    expect(await gauge('wzrd_generations_orphaned')).toBe(2);
    await app.settle();
  });

  it('given a generation is cancelled while it is being sent, when its provider accepts it all the same, then it is stopped there and is not lost', async () => {
    const { key } = await app.newAccount();
    const before = await list('orphanedGenerations');
    const id = await studio.queue(key);
    provider.duringSubmit = () => studio.cancel(key, id);
    await app.app.jobs.runDue();
    expect(provider.cancelled.at(-1)).toBe(`request-${provider.submitted.length}`);
    expect(await list('orphanedGenerations')).toEqual(before);
  });

  it('given a request that its provider refused, when its generation has failed, then it is not lost', async () => {
    const { key } = await app.newAccount();
    const before = await list('orphanedGenerations');
    const failure = { code: 'PROVIDER_REJECTED', message: 'No.', retryable: false } as const;
    provider.submissions.push({ kind: 'failed', failure });
    await studio.queue(key);
    await app.app.jobs.runDue();
    expect(await list('orphanedGenerations')).toEqual(before);
  });

  it.each(['holdsAtRisk', 'orphanedGenerations'])(
    'given somebody who is no administrator, when %s is asked for, then the answer is 403',
    async (field) => {
      const { key } = await app.newAccount();
      const { errors } = await app.graphql(`{ ${field} { totalCount } }`, { key });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    },
  );

  it('given the metrics, when somebody else asks for them, then they are refused; an administrator sees those of the process, too', async () => {
    const { key } = await app.newAccount();
    expect((await ask(`${app.url}/metrics`)).status).toBe(401);
    expect((await ask(`${app.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(403);
    const { status, text, headers } = await ask(`${app.url}/metrics`, {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('wzrd_stripe_events_dead 0');
  });
});
