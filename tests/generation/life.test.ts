import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createScriptedProvider, type ScriptedProvider, succeeded } from '../support/scripted-provider.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;

describeOnBoth('A generation in the sandbox', (kind) => {
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

  it('G20 given a call, when it is queued, runs and succeeds, then nothing is captured before the result is there', async () => {
    const { key } = await app.newAccount();
    const input = { modelId: 'fal-ai/flux/schnell', prompt: 'A lighthouse', metadata: { shot: 7 } };
    const id = await studio.queue(key, input);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'QUEUED',
      creditsHeld: 3,
      creditsCharged: 0,
      startedAt: null,
      completedAt: null,
      assets: [],
    });
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsHeld: 3, creditsCharged: 0 });
    // 100 - 3 held = 97
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 3 });

    app.clock.advance(750);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsCharged: 0 });

    await app.settle();
    const done = await studio.generation(key, id);
    expect(done).toMatchObject({
      status: 'SUCCEEDED',
      creditsHeld: 0,
      creditsCharged: 3,
      progress: 1,
      prompt: 'A lighthouse',
      metadata: { shot: 7 },
      failure: null,
      assets: [{ mimeType: 'image/png' }],
    });
    // 97 + 3 held - 3 charged = 97
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 0 });
    const file = await fetch(done?.assets?.[0]?.url ?? '');
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toBe('image/png');
  });

  it.each([
    ['fail', 'PROVIDER_ERROR', true],
    ['block', 'CONTENT_BLOCKED', false],
  ])(
    'G20 given a provider that is to %s, when the jobs run, then the call ends as %s and costs nothing',
    async (sandbox, code, retryable) => {
      const { key } = await app.newAccount();
      const id = await studio.queue(key, { ...mini, params: { sandbox } });
      await app.settle();
      expect(await studio.generation(key, id)).toMatchObject({
        status: 'FAILED',
        failure: { code, retryable },
        creditsHeld: 0,
        creditsCharged: 0,
        fundings: [],
        text: null,
      });
      expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    },
  );

  it('G20 given a provider that hangs, when half an hour is over, then the call ends as PROVIDER_TIMEOUT and costs nothing', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, { ...mini, params: { sandbox: 'hang' } });
    await app.app.jobs.runDue();
    app.clock.advance(30 * minuteMs - 1);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
    app.clock.advance(2 * minuteMs);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'PROVIDER_TIMEOUT', retryable: true },
      creditsCharged: 0,
    });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G20 given a slow provider, when a minute is over, then the call succeeds', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, { ...mini, params: { sandbox: 'slow' } });
    await app.settle();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
    app.clock.advance(minuteMs);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
  });

  it.each(['QUEUED', 'RUNNING'])(
    'G20 given a call that is %s, when it is cancelled, then its credits are back at once and no result comes',
    async (status) => {
      const { key } = await app.newAccount();
      const id = await studio.queue(key);
      if (status === 'RUNNING') await app.app.jobs.runDue();
      expect(await studio.generation(key, id)).toMatchObject({ status });

      expect(await studio.cancel(key, id)).toMatchObject({
        __typename: 'Generation',
        status: 'CANCELED',
        creditsHeld: 0,
      });
      expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
      await app.settle();
      expect(await studio.generation(key, id)).toMatchObject({ status: 'CANCELED', creditsCharged: 0, text: null });
      expect(await studio.cancel(key, id)).toMatchObject({ __typename: 'Generation', id, status: 'CANCELED' });
      expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    },
  );

  it('G20 given calls that have ended, when they are cancelled, then they are not cancelable and say how they ended', async () => {
    const { key } = await app.newAccount();
    const done = await studio.queue(key);
    const failed = await studio.queue(key, { ...mini, params: { sandbox: 'fail' } });
    await app.settle();
    expect(await studio.cancel(key, done)).toMatchObject({ __typename: 'NotCancelableError', status: 'SUCCEEDED' });
    expect(await studio.cancel(key, failed)).toMatchObject({ __typename: 'NotCancelableError', status: 'FAILED' });
  });

  it('G19 given num_images of 4, when it succeeds, then it costs the same as one', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key, { modelId: 'fal-ai/flux/schnell', prompt: 'x', params: { num_images: 4 } });
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 3 });
    await app.settle();
    const done = await studio.generation(key, id);
    expect(done).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
    expect(done?.assets).toHaveLength(4);
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 0 });
  });

  it('G22 given a generation, when another account asks for it, cancels it or asks for its nodes, then it looks like one that is not there', async () => {
    const [owner, other] = [await app.newAccount(), await app.newAccount()];
    const id = await studio.queue(owner.key, { modelId: 'fal-ai/flux/schnell', prompt: 'x' });
    await app.settle();
    const running = await studio.queue(owner.key);
    const { generation, wallet } = await studio.ask<{
      generation: { assets: { id: string }[] };
      wallet: { id: string; grants: { nodes: { id: string }[] }; transactions: { nodes: { id: string }[] } };
    }>(
      `query ($id: ID!) { generation(id: $id) { assets { id } }
        wallet { id grants { nodes { id } } transactions { nodes { id } } } }`,
      { key: owner.key, variables: { id } },
    );
    const before = await digestTables(app.database);

    expect(await studio.generation(other.key, id)).toBeNull();
    const strangers = await studio.cancel(other.key, running);
    const nobodys = await studio.cancel(other.key, 'gen_01kdwpvng0e73b5jg8vgrj6ats');
    expect(strangers).toMatchObject({ __typename: 'GenerationNotFoundError', code: 'GENERATION_NOT_FOUND' });
    expect(strangers).toEqual(nobodys);
    const { generations } = await studio.ask<{ generations: { nodes: unknown[] } }>(
      '{ generations { nodes { id } } }',
      { key: other.key },
    );
    expect(generations.nodes).toEqual([]);
    const ids = [
      id,
      owner.id,
      wallet.id,
      ...generation.assets.map((asset) => asset.id),
      ...wallet.grants.nodes.map((grant) => grant.id),
      ...wallet.transactions.nodes.map((transaction) => transaction.id),
    ];
    expect(ids.length).toBeGreaterThanOrEqual(8);
    const nodeOf = async (key: string | null, nodeId: string): Promise<unknown> =>
      (
        await studio.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', {
          key,
          variables: { id: nodeId },
        })
      ).node;
    for (const nodeId of ids) {
      expect(await nodeOf(owner.key, nodeId), nodeId).toEqual({ id: nodeId });
      expect(await nodeOf(other.key, nodeId), nodeId).toBeNull();
      expect(await nodeOf(null, nodeId), nodeId).toBeNull();
    }
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G22 given two accounts, when each lists its generations, then each sees its own', async () => {
    const [one, other] = [await app.newAccount(), await app.newAccount()];
    const ids = [await studio.queue(one.key), await studio.queue(other.key)];
    for (const [index, { key }] of [one, other].entries()) {
      const { generations } = await studio.ask<{ generations: { totalCount: number; nodes: unknown[] } }>(
        '{ generations { totalCount nodes { id } } }',
        { key },
      );
      expect(generations).toEqual({ totalCount: 1, nodes: [{ id: ids[index] }] });
    }
  });

  it('given generations of several kinds and states, when they are listed by kind and status, then only those are there', async () => {
    const { key } = await app.newAccount();
    const text = await studio.queue(key);
    const failed = await studio.queue(key, { ...mini, params: { sandbox: 'fail' } });
    await app.settle();
    const image = await studio.queue(key, { modelId: 'fal-ai/flux/schnell', prompt: 'x' });
    const list = async (filter: string): Promise<string[]> => {
      const { generations } = await studio.ask<{ generations: { totalCount: number; nodes: { id: string }[] } }>(
        `{ generations(${filter}) { totalCount nodes { id } } }`,
        { key },
      );
      expect(generations.totalCount).toBe(generations.nodes.length);
      return generations.nodes.map(({ id }) => id).sort();
    };
    expect(await list('kind: TEXT')).toEqual([text, failed].sort());
    expect(await list('kind: IMAGE')).toEqual([image]);
    expect(await list('kind: VIDEO')).toEqual([]);
    expect(await list('status: [SUCCEEDED, QUEUED]')).toEqual([text, image].sort());
    expect(await list('status: FAILED, kind: TEXT')).toEqual([failed]);
    expect(await list('status: []')).toEqual([]);
  });
});

describeOnBoth('A generation with a provider that misbehaves', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let provider: ScriptedProvider;
  let key: string;

  beforeAll(async () => {
    provider = createScriptedProvider();
    app = await startTestApp(kind, { provider });
    studio = createStudio(app);
  });
  beforeEach(async () => {
    for (const list of [
      provider.submitted,
      provider.checked,
      provider.cancelled,
      provider.submissions,
      provider.states,
    ]) {
      list.length = 0;
    }
    ({ key } = await app.newAccount());
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const runAfter = async (ms: number): Promise<void> => {
    app.clock.advance(ms);
    await app.app.jobs.runDue();
  };

  it('G21 given a provider whose check throws, when the jobs run, then it is asked again, each time after twice as long, and the result counts', async () => {
    const id = await studio.queue(key);
    const down = new Error('The provider is down.');
    provider.states.push(down, down, down, succeeded);
    await app.app.jobs.runDue();
    expect(provider.checked).toHaveLength(1);
    await runAfter(499);
    expect(provider.checked).toHaveLength(1);
    await runAfter(1);
    expect(provider.checked).toHaveLength(2);
    await runAfter(999);
    expect(provider.checked).toHaveLength(2);
    await runAfter(1);
    expect(provider.checked).toHaveLength(3);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsHeld: 3, failure: null });
    await runAfter(2_000);
    expect(provider.checked).toEqual(['request-1', 'request-1', 'request-1', 'request-1']);
    expect(provider.submitted).toHaveLength(1);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 3,
      text: 'The result',
    });
  });

  it('G20 given a provider that does not answer for half an hour, when the jobs run, then the call ends as PROVIDER_TIMEOUT and costs nothing', async () => {
    const id = await studio.queue(key);
    provider.states.push(...Array.from({ length: 200 }, () => new Error('The provider is down.')));
    for (let minute = 0; minute <= 32; minute += 1) await runAfter(minuteMs);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'PROVIDER_TIMEOUT', retryable: true },
      creditsCharged: 0,
    });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    expect(await app.database.prisma.job.count()).toBe(0);
  });

  it('G21 given a provider that takes no requests twice, when the jobs run, then it is sent again until it is accepted, once', async () => {
    const id = await studio.queue(key);
    provider.submissions.push(
      { kind: 'unavailable', retryAfterMs: 5_000 },
      { kind: 'unavailable', retryAfterMs: null },
    );
    provider.states.push(succeeded);
    await app.app.jobs.runDue();
    await runAfter(4_999);
    expect(provider.submitted).toHaveLength(1);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'QUEUED', creditsHeld: 3 });
    await runAfter(1);
    expect(provider.submitted).toHaveLength(2);
    await runAfter(2_000);
    expect(provider.submitted).toHaveLength(3);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
    await app.settle();
    expect(provider.submitted).toHaveLength(3);
  });

  it('G21 given a provider that takes no requests at all, when it was sent 8 times, then the call fails and costs nothing', async () => {
    const id = await studio.queue(key);
    provider.submissions.push(
      ...Array.from({ length: 20 }, () => ({ kind: 'unavailable', retryAfterMs: 1_000 }) as const),
    );
    await app.settle(20);
    expect(provider.submitted).toHaveLength(8);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'PROVIDER_ERROR', retryable: true },
      creditsCharged: 0,
    });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G20 given a provider that refuses the request, when the jobs run, then the call fails with its reason and costs nothing', async () => {
    const id = await studio.queue(key);
    const failure = { code: 'PROVIDER_REJECTED', message: 'No such voice.', retryable: false } as const;
    provider.submissions.push({ kind: 'failed', failure });
    await app.settle();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'FAILED', failure, creditsCharged: 0 });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G21 given a request that broke off with its fate unknown, when a minute is over, then it was never sent again and the call fails for nothing', async () => {
    const id = await studio.queue(key);
    provider.submissions.push(new Error('The connection broke.'));
    await app.app.jobs.runDue();
    await runAfter(59_000);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'QUEUED', creditsHeld: 3 });
    await runAfter(2_000);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'FAILED',
      failure: { code: 'INTERNAL', retryable: true },
      creditsCharged: 0,
    });
    expect(provider.submitted).toHaveLength(1);
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G21 given a process that ended right after it recorded the request, when its step is taken up again, then it asks and does not send', async () => {
    const id = await studio.queue(key);
    await app.app.jobs.runDue();
    // The step is as it was before the process recorded that it is done.
    await app.database.prisma.job.update({ where: { id: `job_${id}` }, data: { kind: 'SUBMIT', dueAt: new Date(0) } });
    provider.states.push(succeeded);
    await app.app.jobs.runDue();
    expect(provider.submitted).toHaveLength(1);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
  });

  it.runIf(kind === 'postgres')(
    'G21 given a worker that died with a step, when its lease ends after a minute, then another takes the step over',
    async () => {
      const id = await studio.queue(key);
      await app.app.jobs.runDue();
      const until = new Date(app.clock.now() + minuteMs);
      await app.database.prisma.job.update({
        where: { id: `job_${id}` },
        data: { leaseId: 'lease_of_the_dead', leasedUntil: until, dueAt: new Date(0) },
      });
      provider.states.push(succeeded);
      await runAfter(minuteMs - 1);
      expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
      await runAfter(1);
      expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
      expect(provider.submitted).toHaveLength(1);
    },
  );

  it('G20 given a call that is cancelled while it is being sent, when the provider accepts it, then the provider is told and nothing is charged', async () => {
    const id = await studio.queue(key);
    provider.duringSubmit = () => studio.cancel(key, id);
    await app.settle();
    expect(provider.cancelled).toEqual(['request-1']);
    expect(provider.checked).toEqual([]);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G20 given a call that is cancelled while its result is fetched, when the result is there, then it is dropped and nothing is charged', async () => {
    const id = await studio.queue(key);
    provider.states.push(succeeded);
    provider.duringCheck = () => studio.cancel(key, id);
    await app.settle();
    expect(provider.states).toEqual([]);
    expect(provider.cancelled).toEqual(['request-1']);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'CANCELED', creditsCharged: 0, text: null });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G21 given a call under way, when the model takes other inputs in a newer catalog, then the call goes on with what it was given', async () => {
    const id = await studio.queue(key, { modelId: 'fal-ai/flux/dev', prompt: 'x', params: { guidance_scale: 4 } });
    await app.database.prisma.model.update({ where: { id: 'fal-ai/flux/dev' }, data: { accepts: ['prompt'] } });
    await studio.updateModel('fal-ai/flux/dev', { enabled: true });
    provider.states.push(succeeded);
    await app.settle();
    expect(provider.submitted).toMatchObject([{ input: { prompt: 'x', guidance_scale: 4 } }]);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 5 });
  });

  it('G18 given a call under way, when its model is disabled, then it runs to its end at its price', async () => {
    const id = await studio.queue(key, { modelId: 'fal-ai/aura-flow', prompt: 'x' });
    await studio.updateModel('fal-ai/aura-flow', { credits: 9, enabled: false });
    provider.states.push(succeeded);
    await app.settle();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 3 });
  });

  it('given params with the sandbox switch, when the call is sent, then the provider sees the inputs with their defaults and not the switch', async () => {
    await studio.queue(key, {
      modelId: 'fal-ai/flux/schnell',
      prompt: 'x',
      params: { num_images: 2, sandbox: 'slow' },
    });
    provider.states.push(succeeded);
    await app.settle();
    expect(provider.submitted).toMatchObject([{ sandbox: 'slow', model: { id: 'fal-ai/flux/schnell' } }]);
    expect(provider.submitted[0]?.input).toEqual({
      prompt: 'x',
      num_images: 2,
      image_size: 'landscape_16_9',
      num_inference_steps: 4,
    });
  });
});
