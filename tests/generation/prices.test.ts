import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { type Answer, createStudio, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;

interface Quote {
  readonly __typename: string;
  readonly id: string;
  readonly credits: number;
  readonly count: number;
  readonly affordable: boolean | null;
  readonly expiresAt: string;
  readonly model: { readonly id: string; readonly credits: number };
  readonly issues?: readonly { readonly path: readonly string[] }[];
  readonly suggestions?: readonly { readonly id: string }[];
}

describeOnBoth('Prices', (kind) => {
  let app: TestApp;
  let studio: Studio;
  /** 4 credits, as long as no test sets another price; each test has a model of its own. */
  const models = {
    changing: 'gmi/deepseek-r1',
    lapsing: 'fal-ai/maya',
    lapsingWithChange: 'xai/tts/v1',
    foreign: 'fal-ai/vibevoice/7b',
    visible: 'fal-ai/z-image/turbo',
    disabled: 'fal-ai/flux-2/flash',
  };

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const quote = async (key: string | null, input: Record<string, unknown>): Promise<Quote> =>
    (
      await studio.ask<{ quote: Quote }>(
        `query ($input: QuoteInput!) { quote(input: $input) {
          __typename ... on Quote { id credits count affordable expiresAt model { id credits } }
          ... on InvalidInputError { issues { path } } ... on UnknownModelError { suggestions { id } }
        } }`,
        { key, variables: { input } },
      )
    ).quote;
  const call = (key: string, modelId: string, more: Record<string, unknown> = {}): Promise<Answer> =>
    studio.generate(key, { modelId, prompt: 'Hello', ...more });

  it('G17 given a quote, when the price rises before the call, then the quoted price is held and charged; without the quote the new one is', async () => {
    const { key } = await app.newAccount();
    const { id: quoteId, ...offer } = await quote(key, { modelId: models.changing });
    expect(offer).toMatchObject({
      credits: 4,
      count: 1,
      affordable: true,
      expiresAt: new Date(app.clock.now() + 10 * minuteMs).toISOString(),
    });
    await studio.updateModel(models.changing, { credits: 7 });

    expect(await call(key, models.changing, { quoteId })).toMatchObject({ __typename: 'Generation', creditsHeld: 4 });
    expect(await call(key, models.changing)).toMatchObject({ __typename: 'Generation', creditsHeld: 7 });
    app.clock.advance(10 * minuteMs - 1);
    expect(await call(key, models.changing, { quoteId })).toMatchObject({ __typename: 'Generation', creditsHeld: 4 });
    await app.settle();
    // 100 - 4 - 7 - 4 = 85
    expect(await studio.wallet(key)).toEqual({ available: 85, held: 0 });
  });

  it('G17 given a quote that lapsed, when the price has changed, then PRICE_CHANGED says both and nothing is held', async () => {
    const { key } = await app.newAccount();
    const { id: quoteId } = await quote(key, { modelId: models.lapsingWithChange });
    await studio.updateModel(models.lapsingWithChange, { credits: 6 });
    app.clock.advance(10 * minuteMs);
    const before = await digestTables(app.database);
    expect(await call(key, models.lapsingWithChange, { quoteId })).toMatchObject({
      __typename: 'PriceChangedError',
      code: 'PRICE_CHANGED',
      quoted: 4,
      current: 6,
    });
    expect(await digestTables(app.database)).toEqual(before);
    await studio.updateModel(models.lapsingWithChange, { credits: 4 });
    expect(await call(key, models.lapsingWithChange, { quoteId })).toMatchObject({ creditsHeld: 4 });
  });

  it('G17 given a quote that lapsed, when the price is the same, then the call succeeds', async () => {
    const { key } = await app.newAccount();
    const { id: quoteId } = await quote(key, { modelId: models.lapsing });
    app.clock.advance(60 * minuteMs);
    expect(await call(key, models.lapsing, { quoteId })).toMatchObject({ __typename: 'Generation', creditsHeld: 4 });
  });

  it('G17 given quotes of another account, model, operation or of nobody, when a call names them, then only those that fit are good', async () => {
    const [one, other] = [await app.newAccount(), await app.newAccount()];
    const own = await quote(one.key, { modelId: models.foreign });
    const anybodys = await quote(null, { modelId: models.foreign });
    const ofAnotherModel = await quote(one.key, { modelId: models.lapsing });
    const ofAnotherOperation = await quote(one.key, { operation: 'SHOT_IMAGE' });
    expect(anybodys.affordable).toBeNull();
    const invalid = { __typename: 'InvalidInputError', issues: [{ path: ['input', 'quoteId'] }] };
    expect(await call(other.key, models.foreign, { quoteId: own.id })).toMatchObject(invalid);
    expect(await call(one.key, models.foreign, { quoteId: ofAnotherModel.id })).toMatchObject(invalid);
    expect(await call(one.key, 'fal-ai/nano-banana-2', { quoteId: ofAnotherOperation.id })).toMatchObject(invalid);
    expect(await call(one.key, models.foreign, { quoteId: own.id })).toMatchObject({ __typename: 'Generation' });
    expect(await call(one.key, models.foreign, { quoteId: anybodys.id })).toMatchObject({ __typename: 'Generation' });
    expect(await call(other.key, models.foreign, { quoteId: anybodys.id })).toMatchObject({ __typename: 'Generation' });
  });

  it('G17 given a quote, when a character of it is changed or its claims are rewritten, then it is no quote', async () => {
    const { key } = await app.newAccount();
    const { id } = await quote(key, { modelId: models.foreign });
    const [payload = '', signature = ''] = id.replace(/^quote_/, '').split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const cheaper = Buffer.from(JSON.stringify({ ...Object(claims), credits: 1 })).toString('base64url');
    const flipped = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    for (const quoteId of [
      `quote_${cheaper}.${signature}`,
      `quote_${flipped(payload)}.${signature}`,
      `quote_${payload}.${flipped(signature)}`,
      `quote_${payload}.`,
      `quote_${payload}`,
      `${id}A`,
      id.replace(/^quote_/, ''),
      '',
      'quote_.',
      'gen_\u0000',
    ]) {
      expect(await call(key, models.foreign, { quoteId }), quoteId).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'quoteId'] }],
      });
    }
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G17 given a count, when a quote is asked, then it is the price of all, and affordable says whether they can be paid', async () => {
    const { key } = await app.newAccount();
    // 25 x 4 = 100, 26 x 4 = 104
    expect(await quote(key, { modelId: models.foreign, count: 25 })).toMatchObject({ credits: 100, affordable: true });
    expect(await quote(key, { modelId: models.foreign, count: 26 })).toMatchObject({ credits: 104, affordable: false });
    await studio.updateModel(models.disabled, { credits: 2_000_000_000 });
    for (const input of [
      { modelId: models.foreign, count: 0 },
      { modelId: models.foreign, count: -1 },
      { modelId: models.foreign, count: 1_001 },
      { modelId: models.disabled, count: 2 },
    ]) {
      expect(await quote(key, input), JSON.stringify(input)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'count'] }],
      });
    }
    expect(await quote(key, { modelId: models.disabled })).toMatchObject({ credits: 2_000_000_000, affordable: false });
    await studio.updateModel(models.disabled, { credits: 4 });
  });

  it('G17 given a new price, when the model is read, quoted and called, then all say the same', async () => {
    const { key } = await app.newAccount();
    await studio.updateModel(models.visible, { credits: 11 });
    const { model } = await studio.ask<{ model: unknown }>('query ($id: ID!) { model(id: $id) { credits label } }', {
      variables: { id: models.visible },
    });
    expect(model).toEqual({ credits: 11, label: 'Z-Image Turbo (11 credits)' });
    expect(await quote(key, { modelId: models.visible })).toMatchObject({ credits: 11, model: { credits: 11 } });
    expect(await call(key, models.visible)).toMatchObject({ creditsHeld: 11 });
    expect(await studio.wallet(key)).toEqual({ available: 89, held: 11 });
  });

  it.each([
    'fal-ai/flux',
    'fal-ai/flux/',
    'fal-ai/flux/schnel',
    'fal-ai/flux/schnellx',
    'fal-ai/flux/schnell/extra',
    'Fal-ai/Flux/Schnell',
    ' fal-ai/flux/schnell',
    'flux/schnell',
    'schnell',
    'FLUX Schnell',
    'nano-banana',
    '',
    '%',
    '__proto__',
    'constructor',
    'toString',
    'x'.repeat(10_000),
  ])('G18 given the id "%s", when it is quoted or called, then it is unknown and nothing is held', async (modelId) => {
    const { key } = await app.newAccount();
    expect(await call(key, modelId)).toMatchObject({ __typename: 'UnknownModelError', code: 'UNKNOWN_MODEL', modelId });
    expect(await call(key, modelId, { kind: 'IMAGE' })).toMatchObject({ __typename: 'UnknownModelError' });
    expect(await call(key, modelId, { operation: 'SHOT_IMAGE' })).toMatchObject({ __typename: 'UnknownModelError' });
    expect(await quote(key, { modelId })).toMatchObject({ __typename: 'UnknownModelError' });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G18 given an id that is nearly right, when it is called, then at most 3 models are suggested, the nearest first', async () => {
    const { key } = await app.newAccount();
    const suggestionsFor = async (modelId: string): Promise<string[]> => {
      const { suggestions } = await quote(key, { modelId });
      return (suggestions ?? []).map(({ id }) => id);
    };
    const suggested = await suggestionsFor('fal-ai/flux/schnel');
    expect(suggested.length).toBeLessThanOrEqual(3);
    expect(suggested.every((id) => id.startsWith('fal-ai/flux'))).toBe(true);
    expect((await suggestionsFor('flux/schnell'))[0]).toBe('fal-ai/flux/schnell');
    expect((await suggestionsFor('veo3-fast'))[0]).toBe('gmi/veo3-fast');
    expect(await suggestionsFor('nothing-like-it')).toEqual([]);
    expect(await suggestionsFor('')).toEqual([]);
  });

  it('G18 given a disabled model, when it is quoted or called, also as a default, then it is unavailable and no other runs in its place', async () => {
    const { key } = await app.newAccount();
    const defaultImage = 'fal-ai/nano-banana-2';
    await studio.updateModel(models.disabled, { enabled: false });
    await studio.updateModel(defaultImage, { enabled: false });
    try {
      expect(await call(key, models.disabled)).toMatchObject({
        __typename: 'ModelUnavailableError',
        code: 'MODEL_UNAVAILABLE',
        model: { id: models.disabled },
      });
      expect(await quote(key, { modelId: models.disabled })).toMatchObject({ __typename: 'ModelUnavailableError' });
      for (const input of [{ kind: 'IMAGE' }, { operation: 'SHOT_IMAGE' }]) {
        expect(await studio.generate(key, { ...input, prompt: 'x' })).toMatchObject({
          __typename: 'ModelUnavailableError',
          model: { id: defaultImage },
        });
      }
      const { model } = await studio.ask<{ model: unknown }>('query ($id: ID!) { model(id: $id) { id available } }', {
        variables: { id: models.disabled },
      });
      expect(model).toEqual({ id: models.disabled, available: false });
      expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    } finally {
      await studio.updateModel(models.disabled, { enabled: true });
      await studio.updateModel(defaultImage, { enabled: true });
    }
    expect(await call(key, models.disabled)).toMatchObject({ __typename: 'Generation' });
  });

  it('G18 given a model without a price, when it is read, quoted or called, then it is unknown and never free', async () => {
    const { key } = await app.newAccount();
    const { prisma } = app.database;
    const unpriced = 'fal-ai/ideogram/v3';
    await prisma.modelPrice.deleteMany({ where: { modelId: unpriced } });
    // Any change makes the server read its catalog anew.
    await studio.updateModel(models.disabled, { enabled: true });
    expect(await call(key, unpriced)).toMatchObject({ __typename: 'UnknownModelError' });
    expect(await quote(key, { modelId: unpriced })).toMatchObject({ __typename: 'UnknownModelError' });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G19 given inputs of any number, length and size, when they are called, then each costs the price of the model', async () => {
    const { key } = await app.newAccount();
    for (const params of [{ num_images: 1 }, { num_images: 4 }, { num_images: 1_000 }, { num_images: '9' }]) {
      expect(await call(key, 'fal-ai/aura-flow', { params })).toMatchObject({ creditsHeld: 3 });
    }
    expect(await call(key, 'fal-ai/aura-flow', { prompt: 'x'.repeat(20_000) })).toMatchObject({ creditsHeld: 3 });
    expect(await call(key, 'fal-ai/veo3/fast', { params: { duration_seconds: 60 } })).toMatchObject({
      creditsHeld: 25,
    });
  });
});
