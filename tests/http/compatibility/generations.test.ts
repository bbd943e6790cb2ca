import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeOnBoth } from '../../support/databases.ts';
import { callFunction, type FunctionAnswer, failure } from '../../support/functions.ts';
import { createStudio, schnell, type Studio } from '../../support/studio.ts';
import { digestTables } from '../../support/table-digest.ts';
import { startTestApp, type TestApp } from '../../support/test-app.ts';

interface Described {
  readonly id: string;
  readonly status: string;
  readonly credits: number;
}

const request = { model_id: schnell.modelId, prompt: schnell.prompt };

describeOnBoth("The existing clients' routes", (kind) => {
  let app: TestApp;
  let studio: Studio;
  let account: { id: string; key: string };
  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    account = await app.newAccount();
  });

  const generate = (body: unknown, headers: Record<string, string> = {}, key: string | null = account.key) =>
    callFunction(app, 'generate', { key, body, headers });
  const read = (id: string, key: string | null = account.key) =>
    callFunction(app, `generations/${id}`, { key, method: 'GET' });
  const described = ({ body }: FunctionAnswer): Described => body['generation'] as Described; // As above.
  const available = async (): Promise<number> => (await studio.wallet(account.key)).available;

  test('given a request, when it is accepted, then it is 202 with the generation and the credits that are held', async () => {
    const answer = await generate(request);
    expect(answer).toEqual({
      status: 202,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        success: true,
        generation: {
          id: expect.stringMatching(/^gen_\w{26}$/),
          status: 'queued',
          model_id: schnell.modelId,
          credits: 3,
          created_at: new Date(app.clock.now()).toISOString(),
        },
      },
    });
    expect(await studio.wallet(account.key)).toEqual({ available: 97, held: 3 });
  });

  test('given all fields, in small letters, when they are sent, then they mean the same as in GraphQL', async () => {
    const answer = await generate({
      operation: 'shot_image',
      kind: 'image',
      prompt: 'A lighthouse',
      params: { num_images: 2 },
      metadata: { shot: 7 },
      quote_id: null,
      assets: null,
    });
    expect(await studio.generation(account.key, described(answer).id)).toMatchObject({
      operation: 'SHOT_IMAGE',
      model: { id: 'fal-ai/nano-banana-2' },
      prompt: 'A lighthouse',
      params: { num_images: 2 },
      metadata: { shot: 7 },
      creditsHeld: 4,
    });
    const film = await generate({
      operation: 'DIRECTORS_CUT',
      assets: [{ url: 'https://cdn.example/1.png', kind: 'image', duration_seconds: 2.5 }],
    });
    expect(film).toMatchObject({ status: 202, body: { generation: { credits: 12 } } });
  });

  test('G01 given a request with a key, when it is repeated, also once it is done, then it is 202 with the same generation, then charged', async () => {
    const first = await generate({ ...request, idempotency_key: 'take-1' });
    expect(await generate({ ...request, idempotency_key: 'take-1' })).toEqual(first);
    expect(await generate(request, { 'idempotency-key': 'take-1' })).toEqual(first);
    await app.settle();
    const later = await generate({ ...request, idempotency_key: 'take-1' });
    expect(described(later)).toEqual({ ...described(first), status: 'succeeded' });
    expect(await studio.wallet(account.key)).toEqual({ available: 97, held: 0 });
  });

  test('G01 given one key, when the same request comes by REST and by GraphQL, then each replays the other', async () => {
    const rest = await generate({ ...request, params: { num_images: 1 }, idempotency_key: 'both-1' });
    const graphql = await studio.generate(account.key, {
      ...schnell,
      params: { num_images: 1 },
      idempotencyKey: 'both-1',
    });
    expect(graphql).toMatchObject({ __typename: 'Generation', id: described(rest).id, replayed: true });

    const first = await studio.generate(account.key, schnell, { 'idempotency-key': 'both-2' });
    expect(first).toMatchObject({ __typename: 'Generation', replayed: false });
    const again = await generate(request, { 'idempotency-key': 'both-2' });
    expect([again.status, described(again).id]).toEqual([202, first.id]);
    expect(await generate({ ...request, prompt: 'Another' }, { 'idempotency-key': 'both-2' })).toMatchObject({
      status: 409,
    });
    expect(await available()).toBe(100 - 2 * 3);
  });

  test('G02 given the same request 20 times at once, by REST and by GraphQL, then one generation is paid', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        index % 2 === 0
          ? described(await generate({ ...request, idempotency_key: 'crowd' })).id
          : (await studio.generate(account.key, { ...schnell, idempotencyKey: 'crowd' })).id,
      ),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await available()).toBe(97);
  });

  test('G11 given too few credits, when a generation is asked for, then it is exactly the 402 that clients know, and no row changes', async () => {
    const spent = ['fal-ai/sora-2/text-to-video/pro', 'fal-ai/sora-2/text-to-video', 'fal-ai/nano-banana-pro'];
    for (const modelId of [...spent, schnell.modelId, schnell.modelId]) {
      await studio.queue(account.key, { modelId, prompt: 'x' });
    }
    // 100 - 50 - 35 - 7 - 3 - 3 = 2.
    expect(await available()).toBe(2);
    const before = await digestTables(app.database);
    const answer = await generate({ model_id: 'fal-ai/nano-banana-2', prompt: 'x', idempotency_key: 'poor' });
    expect(answer).toEqual({
      status: 402,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        error: 'Insufficient credits',
        code: 'insufficient_credits',
        required: 4,
        available: 2,
        top_up_url: '/settings/billing',
        upgrade_url: '/settings/billing#plans',
      },
    });
    expect(await digestTables(app.database)).toEqual(before);
  });

  test.each<[string, unknown, Record<string, string>]>([
    ['no JSON', '{"prompt":', {}],
    ['no object', '[]', {}],
    ['null', 'null', {}],
    ['nothing', '', {}],
    ['an unknown model', { model_id: 'fal-ai/flux/schnel', prompt: 'x' }, {}],
    ['the prefix of a model', { model_id: 'fal-ai/flux', prompt: 'x' }, {}],
    ['neither model nor kind', { prompt: 'x' }, {}],
    ['an unknown kind', { kind: 'smell', prompt: 'x' }, {}],
    ['a kind that is not the model’s', { ...request, kind: 'video' }, {}],
    ['no prompt', { model_id: schnell.modelId }, {}],
    ['a prompt that is no text', { ...request, prompt: 7 }, {}],
    ['a field in camel case', { modelId: schnell.modelId, prompt: 'x' }, {}],
    ['an input that the model does not take', { ...request, params: { colour: 'red' } }, {}],
    ['params that are a list', { ...request, params: [] }, {}],
    ['a quote that is none', { ...request, quote_id: 'x' }, {}],
    ['U+0000', { ...request, prompt: '\u0000' }, {}],
    ['an empty key', { ...request, idempotency_key: '' }, {}],
    ['a key in the header that differs', { ...request, idempotency_key: 'a' }, { 'idempotency-key': 'b' }],
  ])(
    'G11 given %s, when a generation is asked for, then it is 400 with what is wrong, and no row changes',
    async (_name, body, headers) => {
      const before = await digestTables(app.database);
      expect(await generate(body, headers)).toEqual({
        status: 400,
        contentType: 'application/json',
        retryAfter: null,
        body: {
          error: expect.stringMatching(/^\w.{5,}/s),
          details: null,
          timestamp: new Date(app.clock.now()).toISOString(),
        },
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  test('given a used key, a disabled model and a lapsed quote, when they are asked for, then it is 409', async () => {
    await generate({ ...request, idempotency_key: 'used' });
    expect(await generate({ ...request, prompt: 'Another', idempotency_key: 'used' })).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('idempotency key'), details: null },
    });

    const model = 'fal-ai/aura-flow';
    const { quote } = await studio.ask<{ quote: { id: string; credits: number } }>(
      `{ quote(input: { modelId: "${model}" }) { ... on Quote { id credits } } }`,
      { key: account.key },
    );
    await studio.updateModel(model, { enabled: false });
    expect(await generate({ model_id: model, prompt: 'x' })).toMatchObject({ status: 409 });
    await studio.updateModel(model, { enabled: true, credits: quote.credits + 1 });
    app.clock.advanceSeconds(10 * 60);
    expect(await generate({ model_id: model, prompt: 'x', quote_id: quote.id })).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('lapsed') },
    });
    await studio.updateModel(model, { credits: quote.credits });
    expect(await available()).toBe(97);
  });

  test('given no key or a wrong one, when anything is asked for, then it is 401 in the format of these routes', async () => {
    for (const key of [null, 'wzrd_nobody']) {
      expect(await generate(request, {}, key)).toMatchObject(failure(app, 401, expect.any(String)));
      expect(await read('gen_1', key)).toMatchObject(failure(app, 401, expect.any(String)));
    }
  });

  test('given routes and methods that are not there, when they are asked for, then it is 404', async () => {
    const absent: [string, string][] = [
      ['GET', 'generate'],
      ['PUT', 'generate'],
      ['POST', 'generate/'],
      ['POST', 'generate/more'],
      ['POST', 'generations/gen_1'],
      ['GET', 'generations'],
      ['GET', 'generations/gen_1/more'],
      ['GET', 'nothing'],
      ['POST', ''],
    ];
    for (const [method, path] of absent) {
      const answer = await callFunction(app, path, { key: account.key, method });
      expect([method, path, answer.status, Object.keys(answer.body)]).toEqual([
        method,
        path,
        404,
        ['error', 'details', 'timestamp'],
      ]);
    }
  });

  test('given generations on their way and at their end, when they are read, then each has all that clients know', async () => {
    const started = new Date(app.clock.now()).toISOString();
    const image = described(await generate(request));
    const text = described(await generate({ kind: 'text', prompt: 'A haiku' }));
    const failing = described(await generate({ ...request, params: { sandbox: 'fail' } }));
    const cancelled = described(await generate(request));
    await studio.cancel(account.key, cancelled.id);
    expect(await read(image.id)).toEqual({
      status: 200,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        success: true,
        generation: {
          id: image.id,
          status: 'queued',
          model_id: schnell.modelId,
          credits: 3,
          assets: [],
          text: null,
          error: null,
          created_at: started,
          completed_at: null,
        },
      },
    });
    await app.app.jobs.runDue();
    expect(described(await read(image.id))).toMatchObject({ status: 'running', credits: 3 });
    await app.settle();

    const done = await read(image.id);
    expect(described(done)).toMatchObject({
      status: 'succeeded',
      credits: 3,
      error: null,
      completed_at: expect.stringMatching(/^2026-01-01T.*Z$/),
      assets: [
        {
          url: expect.stringMatching(
            new RegExp(`^${app.url}/assets/asset_\\w{26}\\?expires=\\d+&signature=[\\w-]{43}$`),
          ),
          mime_type: 'image/png',
          bytes: expect.any(Number),
          width: expect.any(Number),
          height: expect.any(Number),
          duration_seconds: null,
        },
      ],
    });
    const [asset] = (done.body['generation'] as { assets: { url: string; bytes: number }[] }).assets; // Checked above.
    const file = await fetch(asset?.url ?? '');
    expect([file.status, file.headers.get('content-type'), (await file.arrayBuffer()).byteLength]).toEqual([
      200,
      'image/png',
      asset?.bytes,
    ]);
    expect(described(await read(text.id))).toMatchObject({
      status: 'succeeded',
      text: expect.stringMatching(/\w/),
      assets: [],
    });
    expect(described(await read(failing.id))).toMatchObject({
      status: 'failed',
      credits: 0,
      error: expect.stringMatching(/\w/),
    });
    expect(described(await read(cancelled.id))).toMatchObject({ status: 'canceled', credits: 0, error: null });
  });

  test('G22 given the generation of another, when it is read, then it is the 404 of one that does not exist', async () => {
    const { id } = described(await generate(request));
    const { key: otherKey } = await app.newAccount();
    const theirs = await read(id, otherKey);
    expect(theirs.status).toBe(404);
    expect(await read('gen_00000000000000000000000000', otherKey)).toEqual(theirs);
    expect(await read(encodeURIComponent('gen_\u0000'))).toMatchObject({ status: 404 });
  });
});
