import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { type Answer, banana, createStudio, mini, type Studio, schnell } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const invalid = (...path: string[]): object => ({
  __typename: 'InvalidInputError',
  code: 'INVALID_INPUT',
  issues: [{ path: ['input', ...path] }],
});
/** Exactly as many bytes as JSON. */
const metadataOf = (bytes: number): object => ({ note: 'x'.repeat(bytes - '{"note":""}'.length) });

describe('The input of a call', () => {
  let app: TestApp;
  let studio: Studio;
  let provider: ScriptedProvider;
  let key: string;

  beforeAll(async () => {
    provider = createScriptedProvider();
    app = await startTestApp('embedded', { provider });
    studio = createStudio(app);
    // Enough for all that is accepted here.
    ({ key } = await app.newAccount(10_000));
  });
  afterAll(() => app.close());

  /** Generates, sends it and gives what the provider was sent. */
  const sent = async (input: Record<string, unknown>): Promise<unknown> => {
    const id = await studio.queue(key, input);
    await app.app.jobs.runDue();
    await studio.cancel(key, id);
    return provider.submitted.find(({ generationId }) => generationId === id)?.input;
  };

  it.each([
    ['IMAGE', 'fal-ai/nano-banana-2', 4],
    ['VIDEO', 'fal-ai/kling-video/o3/standard/text-to-video', 20],
    ['AUDIO', 'fal-ai/elevenlabs/tts/turbo-v2.5', 4],
    ['TEXT', 'gmi/deepseek-r1', 4],
  ])('given only the kind %s, when it is called, then its default %s runs for %d', async (kind, id, creditsHeld) => {
    expect(await studio.generate(key, { kind, prompt: 'x' })).toMatchObject({ model: { id }, creditsHeld });
  });

  it.each([
    ['SHOT_IMAGE', 'fal-ai/nano-banana-2', 4, { prompt: 'x' }],
    ['SHOT_VIDEO', 'fal-ai/kling-video/o3/standard/text-to-video', 20, { prompt: 'x' }],
    ['DIRECTORS_CUT', 'fal-ai/ffmpeg-api/compose', 12, { assets: [{ url: 'https://a.example/1.png', kind: 'IMAGE' }] }],
  ])(
    'given only the operation %s, when it is called, then %s runs for %d',
    async (operation, id, creditsHeld, more) => {
      expect(await studio.generate(key, { operation, ...more })).toMatchObject({
        __typename: 'Generation',
        operation,
        model: { id },
        creditsHeld,
      });
    },
  );

  it.each([
    ['SHOT_IMAGE', schnell.modelId, 3],
    ['SHOT_VIDEO', 'fal-ai/veo3', 35],
  ])(
    'given the operation %s with the model %s, when it is called, then that runs for %d',
    async (operation, modelId, creditsHeld) => {
      expect(await studio.generate(key, { operation, modelId, prompt: 'x' })).toMatchObject({
        model: { id: modelId },
        creditsHeld,
      });
    },
  );

  it.each([
    ['no model and no kind', { prompt: 'x' }, 'modelId'],
    ['a kind that is not the model’s', { ...schnell, kind: 'VIDEO' }, 'modelId'],
    ['a shot image of a video model', { operation: 'SHOT_IMAGE', modelId: 'fal-ai/veo3', prompt: 'x' }, 'modelId'],
    ['a shot video of an image model', { operation: 'SHOT_VIDEO', ...schnell }, 'modelId'],
    ['a shot image of another kind', { operation: 'SHOT_IMAGE', kind: 'VIDEO', prompt: 'x' }, 'kind'],
    ['the compose model without its operation', { modelId: 'fal-ai/ffmpeg-api/compose' }, 'modelId'],
    [
      'a cut by another model',
      { operation: 'DIRECTORS_CUT', modelId: 'fal-ai/veo3', assets: [{ url: 'https://a.example', kind: 'VIDEO' }] },
      'modelId',
    ],
    ['a cut without shots', { operation: 'DIRECTORS_CUT' }, 'assets'],
    ['a cut of no shots', { operation: 'DIRECTORS_CUT', assets: [] }, 'assets'],
    [
      'a cut of 201 shots',
      {
        operation: 'DIRECTORS_CUT',
        assets: Array.from({ length: 201 }, () => ({ url: 'https://a.example', kind: 'IMAGE' })),
      },
      'assets',
    ],
    ['shots without a cut', { ...schnell, assets: [{ url: 'https://a.example', kind: 'IMAGE' }] }, 'assets'],
    ['no prompt', { modelId: schnell.modelId }, 'prompt'],
    ['an empty prompt', { modelId: schnell.modelId, prompt: '' }, 'prompt'],
    ['a blank prompt', { modelId: schnell.modelId, prompt: ' \n\t' }, 'prompt'],
    ['a prompt of 20,001 characters', { modelId: schnell.modelId, prompt: 'x'.repeat(20_001) }, 'prompt'],
    [
      'a prompt for a model that takes none',
      { modelId: 'fal-ai/whisper', prompt: 'x', params: { audio_url: 'https://a.example' } },
      'prompt',
    ],
    ['metadata of 4,097 bytes', { ...schnell, metadata: metadataOf(4_097) }, 'metadata'],
    [
      'metadata of 4,096 characters that take more bytes',
      { ...schnell, metadata: { note: 'é'.repeat(2_100) } },
      'metadata',
    ],
    ['params of more than 64 KiB', { ...schnell, params: { image_size: 'x'.repeat(65_536) } }, 'params'],
  ])('given %s, when it is called, then it is invalid', async (_what, input, field) => {
    expect(await studio.generate(key, input)).toMatchObject(invalid(field));
  });

  it.each([
    ['both prompts', { ...schnell, params: { prompt: 'y' } }, 'prompt'],
    ['a prompt and a text for a voice', { modelId: 'fal-ai/maya', prompt: 'x', params: { text: 'y' } }, 'text'],
    ['a prompt in params that is no text', { modelId: schnell.modelId, params: { prompt: 7 } }, 'prompt'],
    ['an input that the model does not take', { ...schnell, params: { seed: 7 } }, 'seed'],
    ['an input named like one of every object', { ...schnell, params: { constructor: 7 } }, 'constructor'],
    ['an outcome that the sandbox does not know', { ...schnell, params: { sandbox: 'explode' } }, 'sandbox'],
    [
      'tracks beside shots',
      { operation: 'DIRECTORS_CUT', assets: [{ url: 'https://a.example', kind: 'IMAGE' }], params: { tracks: [] } },
      'tracks',
    ],
  ])('given %s, when it is called, then it is invalid in params', async (_what, input, field) => {
    expect(await studio.generate(key, input)).toMatchObject(invalid('params', field));
  });

  it.each([
    ['a file URL', { url: 'file:///etc/passwd', kind: 'IMAGE' }, 'url'],
    ['a script', { url: 'javascript:alert(1)', kind: 'IMAGE' }, 'url'],
    ['a text', { url: 'https://a.example', kind: 'TEXT' }, 'kind'],
    ['no time', { url: 'https://a.example', kind: 'IMAGE', durationSeconds: 0 }, 'durationSeconds'],
    ['a time below 0', { url: 'https://a.example', kind: 'IMAGE', durationSeconds: -1 }, 'durationSeconds'],
    ['more than an hour', { url: 'https://a.example', kind: 'IMAGE', durationSeconds: 3_600.1 }, 'durationSeconds'],
    ['a URL with U+0000', { url: 'https://a.example/\u0000', kind: 'IMAGE' }, 'url'],
    ['a URL with half a surrogate pair', { url: 'https://a.example/\ud800', kind: 'IMAGE' }, 'url'],
  ])('given a shot of %s, when it is called, then it is invalid at its place', async (_what, shot, field) => {
    const assets = [{ url: 'https://a.example/1.png', kind: 'IMAGE' }, shot];
    expect(await studio.generate(key, { operation: 'DIRECTORS_CUT', assets })).toMatchObject(
      invalid('assets', '1', field),
    );
  });

  it('given several faults, when it is called, then all are named', async () => {
    expect(
      await studio.generate(key, { ...schnell, params: { seed: 7, prompt: 'y', sandbox: 'explode' } }),
    ).toMatchObject({
      issues: [
        { path: ['input', 'params', 'sandbox'] },
        { path: ['input', 'params', 'seed'] },
        { path: ['input', 'params', 'prompt'] },
      ],
    });
  });

  it('given a prompt, when the model takes prompt or text, then it fills that; params may carry it instead', async () => {
    expect(await sent({ modelId: 'fal-ai/maya', prompt: 'Hello' })).toEqual({ text: 'Hello' });
    expect(await sent({ modelId: 'fal-ai/maya', params: { text: 'Hello' } })).toEqual({ text: 'Hello' });
    expect(await sent({ modelId: 'gmi/glm-5.1', params: { prompt: 'Hello' } })).toMatchObject({ prompt: 'Hello' });
    expect(await sent({ modelId: 'fal-ai/whisper', params: { audio_url: 'https://a.example/a.wav' } })).toMatchObject({
      audio_url: 'https://a.example/a.wav',
    });
  });

  it('given params, when the call is sent, then they come before the defaults of the model', async () => {
    expect(await sent({ ...banana, params: { aspect_ratio: '1:1' } })).toEqual({
      prompt: banana.prompt,
      aspect_ratio: '1:1',
      num_images: 1,
      output_format: 'png',
    });
  });

  it('given the shots of a cut, when it is sent, then each kind is a track and each shot follows the one before', async () => {
    const assets = [
      { url: 'https://a.example/1.png', kind: 'IMAGE' },
      { url: 'https://a.example/2.mp4', kind: 'VIDEO', durationSeconds: 2.5 },
      { url: 'https://a.example/3.png', kind: 'IMAGE', durationSeconds: 1 },
      { url: 'https://a.example/4.wav', kind: 'AUDIO', durationSeconds: 3_600 },
    ];
    expect(await sent({ operation: 'DIRECTORS_CUT', assets })).toEqual({
      tracks: [
        {
          id: 'image',
          type: 'image',
          keyframes: [
            { url: assets[0]?.url, timestamp: 0, duration: 5_000 },
            { url: assets[2]?.url, timestamp: 5_000, duration: 1_000 },
          ],
        },
        { id: 'video', type: 'video', keyframes: [{ url: assets[1]?.url, timestamp: 0, duration: 2_500 }] },
        { id: 'audio', type: 'audio', keyframes: [{ url: assets[3]?.url, timestamp: 0, duration: 3_600_000 }] },
      ],
    });
  });

  it('given metadata of 4,096 bytes, a prompt of 20,000 characters and 200 shots, when they are called, then they are accepted', async () => {
    const metadata = metadataOf(4_096);
    expect(await studio.generate(key, { ...schnell, metadata })).toMatchObject({ __typename: 'Generation', metadata });
    expect(await studio.generate(key, { ...schnell, prompt: 'é'.repeat(20_000) })).toMatchObject({
      __typename: 'Generation',
    });
    const assets = Array.from({ length: 200 }, () => ({ url: 'https://a.example/1.png', kind: 'IMAGE' }));
    expect(await studio.generate(key, { operation: 'DIRECTORS_CUT', assets })).toMatchObject({
      __typename: 'Generation',
    });
  });

  it('given what is of no such type, when it is called, then the request is refused as BAD_REQUEST', async () => {
    for (const input of [
      { ...schnell, kind: 'SMELL' },
      { ...schnell, operation: null },
      { ...schnell, metadata: ['a list'] },
      { ...schnell, params: 'a text' },
      { ...schnell, credits: 1 },
      { ...schnell, accountId: 'account_other' },
      { operation: 'DIRECTORS_CUT', assets: [{ url: 'no url', kind: 'IMAGE' }] },
    ]) {
      const { errors } = await app.graphql(
        'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }',
        {
          key,
          variables: { input },
        },
      );
      expect(errors, JSON.stringify(input)).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
    }
  });
});

describe('The order in which failures win', () => {
  let app: TestApp;
  let studio: Studio;
  /** Has 3 credits left, and a key that was used. */
  let key: string;
  let quoteId: string;

  beforeAll(async () => {
    app = await startTestApp('embedded');
    studio = createStudio(app);
    ({ key } = await app.newAccount());
    const { quote } = await studio.ask<{ quote: { id: string } }>(
      '{ quote(input: { modelId: "fal-ai/flux/dev" }) { ... on Quote { id } } }',
      { key },
    );
    quoteId = quote.id;
    await studio.queue(key, { ...mini, idempotencyKey: 'used' });
    await studio.queue(key, { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'x' });
    await studio.queue(key, {
      modelId: 'fal-ai/bytedance/seedance/v1.5/pro/image-to-video',
      params: { image_url: 'x' },
    });
    await studio.queue(key, { modelId: 'fal-ai/flux-2-max', prompt: 'x' });
    // 100 - 3 - 50 - 34 - 10 = 3
    expect(await studio.wallet(key)).toEqual({ available: 3, held: 97 });
    await studio.updateModel('fal-ai/flux/dev', { credits: 6 });
    await studio.updateModel('fal-ai/ltx-video', { enabled: false });
    app.clock.advance(10 * 60_000);
  });
  afterAll(() => app.close());

  const dev = { modelId: 'fal-ai/flux/dev', prompt: 'x' };

  it.each([
    [
      'two keys before a wrong shape',
      { ...dev, idempotencyKey: 'other', metadata: metadataOf(5_000) },
      'INVALID_INPUT',
    ],
    ['a wrong shape before a used key', { prompt: 'x', idempotencyKey: 'used' }, 'INVALID_INPUT'],
    [
      'contradicting kinds before a used key',
      { operation: 'SHOT_IMAGE', kind: 'VIDEO', idempotencyKey: 'used' },
      'INVALID_INPUT',
    ],
    ['a wrong shape before an unknown model', { modelId: 'none', prompt: 'x'.repeat(20_001) }, 'INVALID_INPUT'],
    ['a used key before an unknown model', { modelId: 'none', idempotencyKey: 'used' }, 'IDEMPOTENCY_CONFLICT'],
    ['a used key before wrong inputs', { ...dev, params: { no: 1 }, idempotencyKey: 'used' }, 'IDEMPOTENCY_CONFLICT'],
    ['a used key before too few credits', { ...dev, idempotencyKey: 'used' }, 'IDEMPOTENCY_CONFLICT'],
    [
      'an unknown model before its inputs',
      { modelId: 'none', params: { no: 1 }, quoteId: 'no quote' },
      'UNKNOWN_MODEL',
    ],
    ['an unavailable model before its inputs', { modelId: 'fal-ai/ltx-video', params: { no: 1 } }, 'MODEL_UNAVAILABLE'],
    [
      'an unavailable model before its kind',
      { modelId: 'fal-ai/ltx-video', kind: 'IMAGE', prompt: 'x' },
      'MODEL_UNAVAILABLE',
    ],
    ['an unavailable model before too few credits', { modelId: 'fal-ai/ltx-video', prompt: 'x' }, 'MODEL_UNAVAILABLE'],
    ['wrong inputs before a changed price', () => ({ ...dev, params: { no: 1 }, quoteId }), 'INVALID_INPUT'],
    ['wrong inputs before too few credits', { ...dev, params: { no: 1 } }, 'INVALID_INPUT'],
    ['a changed price before too few credits', () => ({ ...dev, quoteId }), 'PRICE_CHANGED'],
    ['too few credits', { ...dev }, 'INSUFFICIENT_CREDITS'],
  ])('given %s, when it is called, then that is what the answer says', async (_what, input, code) => {
    const before = await digestTables(app.database);
    const headers: Record<string, string> = _what.startsWith('two keys') ? { 'idempotency-key': 'used' } : {};
    expect(await studio.generate(key, typeof input === 'function' ? input() : input, headers)).toMatchObject({ code });
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('given nobody or a wrong key, when anything wrong is called, then the sign-in comes first', async () => {
    const document = 'mutation { generate(input: { prompt: "x" }) { __typename } }';
    const nobody = await app.graphql(document);
    expect(nobody.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const wrong = await app.graphql(document, { key: 'wzrd_no_such_key' });
    expect(wrong).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('given 6 - 3 credits too few, when it is called, then the answer says what is missing and what to buy', async () => {
    expect(await studio.generate(key, dev)).toMatchObject({
      __typename: 'InsufficientCreditsError',
      required: 6,
      available: 3,
      held: 97,
      debt: 0,
      shortfall: 3,
      topUpUrl: '/settings/billing',
      upgradeUrl: '/settings/billing#plans',
      suggestedPack: { code: 'pack_100', credits: 100 },
    });
  });

  it.each([
    [100, 'pack_100'],
    [101, 'pack_500'],
    [5_000, 'pack_5000'],
    [5_001, 'pack_5000'],
  ])('given a shortfall of %d, when it is called, then %s is suggested', async (shortfall, code) => {
    const { key: fresh } = await app.newAccount();
    await studio.updateModel('fal-ai/veo3', { credits: 100 + shortfall });
    expect(await studio.generate(fresh, { modelId: 'fal-ai/veo3', prompt: 'x' })).toMatchObject({
      shortfall,
      suggestedPack: { code },
    });
  });
});

describeOnBoth('Texts that cannot be stored', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let account: { id: string; key: string };

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    account = await app.newAccount(10_000);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const bad = [
    ['U+0000', 'a\u0000b'],
    ['half a surrogate pair', 'a\udfffb'],
  ] as const;
  const cut = (url: string): Record<string, unknown> => ({
    operation: 'DIRECTORS_CUT',
    assets: [{ url, kind: 'IMAGE' }],
  });

  it.each(bad)(
    'given %s in any text of a call, when it comes together with good ones, then it alone is invalid',
    async (_what, text) => {
      const inputs: Record<string, unknown>[] = [
        { ...mini, prompt: text },
        { ...mini, params: { prompt: text }, prompt: null },
        { ...schnell, params: { image_size: { deep: [{ deeper: text }] } } },
        { ...schnell, params: { [text]: 1 } },
        { ...mini, metadata: { note: text } },
        { ...mini, metadata: { deep: [{ [text]: 1 }] } },
        { ...mini, modelId: text },
        { ...mini, idempotencyKey: text },
        { ...mini, quoteId: text },
        cut(`https://a.example/${text}`),
      ];
      const before = await studio.wallet(account.key);
      const answers = await Promise.all(
        inputs.flatMap((input) => [studio.generate(account.key, mini), studio.generate(account.key, input)]),
      );
      const good = answers.filter((_answer, index) => index % 2 === 0);
      const refused = answers.filter((_answer, index) => index % 2 === 1);
      expect(good.map(({ __typename }) => __typename)).toEqual(inputs.map(() => 'Generation'));
      expect(refused.map(({ __typename }) => __typename)).toEqual(inputs.map(() => 'InvalidInputError'));
      expect(await studio.wallet(account.key)).toEqual({
        available: before.available - 3 * good.length,
        held: before.held + 3 * good.length,
      });
    },
  );

  it.each(bad)(
    'given %s in any text of an administrator, when it comes, then it is refused as what it is',
    async (_what, text) => {
      const id = await studio.queue(account.key);
      await app.settle();
      const grant = await studio.giveCredits(account.id, 1);
      const createAccount = async (input: Record<string, unknown>): Promise<Answer> =>
        (
          await studio.ask<{ createAccount: Answer }>(
            `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { __typename ... on Error { code } } }`,
            { key: adminKey, variables: { input } },
          )
        ).createAccount;
      expect(await createAccount({ name: text })).toMatchObject({ code: 'INVALID_INPUT' });
      expect(await createAccount({ name: 'x', idempotencyKey: text })).toMatchObject({ code: 'INVALID_INPUT' });
      expect(await studio.giveCredits(account.id, 1, { reason: text })).toMatchObject(invalid('reason'));
      expect(await studio.giveCredits(account.id, 1, { idempotencyKey: text })).toMatchObject(
        invalid('idempotencyKey'),
      );
      expect(await studio.giveCredits(text, 1)).toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
      expect(await studio.voidGrant(text)).toMatchObject({ code: 'GRANT_NOT_FOUND' });
      expect(await studio.voidGrant(grant.id ?? '', { reason: text })).toMatchObject(invalid('reason'));
      expect(await studio.voidGrant(grant.id ?? '', { idempotencyKey: text })).toMatchObject(invalid('idempotencyKey'));
      expect(await studio.refund(text)).toMatchObject({ code: 'GENERATION_NOT_FOUND' });
      expect(await studio.refund(id, 1, { reason: text })).toMatchObject(invalid('reason'));
      expect(await studio.refund(id, 1, { idempotencyKey: text })).toMatchObject(invalid('idempotencyKey'));
      expect(await studio.updateModel(text, { credits: 1 })).toMatchObject({ code: 'UNKNOWN_MODEL' });
    },
  );

  it.each(bad)('given %s in an id, when something is read by it, then nothing is there', async (_what, text) => {
    const { data, errors } = await app.graphql<Record<string, unknown>>(
      `query ($id: ID!, $grant: ID!, $gen: ID!, $asset: ID!, $checkout: ID!, $transaction: ID!, $text: String!) {
        generation(id: $id) { id } checkout(id: $checkout) { id } model(id: $id) { id }
        plain: node(id: $id) { id } grant: node(id: $grant) { id } gen: node(id: $gen) { id }
        asset: node(id: $asset) { id } order: node(id: $checkout) { id } transaction: node(id: $transaction) { id }
        models(search: $text) { id } inCategory: models(category: $text) { id }
      }`,
      {
        key: account.key,
        variables: {
          id: text,
          text,
          grant: `grant_${text}`,
          gen: `gen_${text}`,
          asset: `asset_${text}`,
          checkout: `checkout_${text}`,
          transaction: `transaction_${text}_1`,
        },
      },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      generation: null,
      checkout: null,
      model: null,
      plain: null,
      grant: null,
      gen: null,
      asset: null,
      order: null,
      transaction: null,
      models: [],
      inCategory: [],
    });
    const { accountById } = await studio.ask<{ accountById: unknown }>(
      'query ($id: ID!) { accountById(id: $id) { account { id } } }',
      { key: adminKey, variables: { id: text } },
    );
    expect(accountById).toBeNull();
    expect(await studio.cancel(account.key, text)).toMatchObject({ code: 'GENERATION_NOT_FOUND' });
  });
});
