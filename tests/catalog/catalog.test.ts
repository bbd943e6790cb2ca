import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** The file as it lies in the repository, read here by other code than the server's. */
const fileSchema = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.string(),
      category: z.string(),
      workflow: z.string(),
      provider: z.string(),
      credits: z.number(),
      speedSeconds: z.number().nullable(),
      badge: z.string().nullable(),
      accepts: z.array(z.string()),
      inputDefaults: z.record(z.string(), z.unknown()),
    }),
  ),
  defaults: z.record(z.string(), z.string()),
});

const allFields = `id name label kind category workflow provider credits speed speedSeconds badge isDefault available
  accepts inputDefaults`;

describe('The catalog', () => {
  let app: TestApp;
  let studio: Studio;
  let file: z.infer<typeof fileSchema>;

  beforeAll(async () => {
    app = await startTestApp('embedded');
    studio = createStudio(app);
    const path = new URL('../../prisma/catalog.json', import.meta.url);
    file = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  });
  afterAll(() => app.close());

  const idsOf = async (args: string): Promise<string[]> =>
    (await studio.ask<{ models: { id: string }[] }>(`{ models${args} { id } }`, {})).models.map(({ id }) => id);

  it('G17 given the file of 174 models, when all are read, then each has its price, label and facts, in the order of the file', async () => {
    const { models } = await studio.ask<{ models: unknown[] }>(`{ models { ${allFields} } }`, {});
    expect(models).toHaveLength(174);
    expect(models).toEqual(
      file.models.map((model) => ({
        id: model.id,
        name: model.name,
        label: `${model.name} (${model.credits} credits)`,
        kind: model.kind,
        category: model.category,
        workflow: model.workflow,
        provider: model.provider.toUpperCase(),
        credits: model.credits,
        speed: model.speedSeconds === null ? null : `~${model.speedSeconds}s`,
        speedSeconds: model.speedSeconds,
        badge: model.badge,
        isDefault: file.defaults[model.kind] === model.id,
        available: true,
        accepts: model.accepts,
        inputDefaults: model.inputDefaults,
      })),
    );
  });

  it.each([
    ['fal-ai/flux/schnell', 'FLUX Schnell (3 credits)', 3, '~3s'],
    ['fal-ai/nano-banana-2', 'Nano Banana 2 (4 credits)', 4, '~4s'],
    ['fal-ai/sora-2/text-to-video/pro', 'Sora 2 Pro (50 credits)', 50, '~150s'],
    ['fal-ai/minimax/speech-2.8-turbo', 'MiniMax 2.8 Turbo (2 credits)', 2, '~2s'],
    ['fal-ai/lyria2', 'Lyria 2 (6 credits)', 6, '~15s'],
    ['gmi/deepseek-r1', 'DeepSeek R1 (4 credits)', 4, '~5s'],
    ['gmi/gemini-3.1-flash-lite', 'Gemini 3.1 Flash-Lite (1 credits)', 1, '~2s'],
    ['fal-ai/ffmpeg-api/compose', null, 12, null],
  ])(
    'G17 given the product page, when %s is read, then it costs what the page says',
    async (id, label, credits, speed) => {
      const { model } = await studio.ask<{ model: unknown }>(
        'query ($id: ID!) { model(id: $id) { id label credits speed } }',
        { variables: { id } },
      );
      expect(model).toMatchObject({ id, credits, speed, ...(label === null ? {} : { label }) });
    },
  );

  it('given the catalog, when its defaults are read, then each kind has the one of the product page', async () => {
    const { models } = await studio.ask<{ models: { id: string; kind: string; isDefault: boolean }[] }>(
      '{ models { id kind isDefault } }',
      {},
    );
    expect(models.filter(({ isDefault }) => isDefault).map(({ kind, id }) => [kind, id])).toEqual([
      ['IMAGE', 'fal-ai/nano-banana-2'],
      ['VIDEO', 'fal-ai/kling-video/o3/standard/text-to-video'],
      ['AUDIO', 'fal-ai/elevenlabs/tts/turbo-v2.5'],
      ['TEXT', 'gmi/deepseek-r1'],
    ]);
  });

  it('given filters, when models are read, then those that fit all are there, in the order of the catalog', async () => {
    const fits = (wanted: (model: (typeof file.models)[number]) => boolean): string[] =>
      file.models.filter(wanted).map(({ id }) => id);
    expect(await idsOf('(kind: AUDIO)')).toEqual(fits(({ kind }) => kind === 'AUDIO'));
    expect(await idsOf('(provider: GROQ)')).toEqual(['llama-3.3-70b-versatile', 'llama-3.1-8b-instant']);
    expect(await idsOf('(category: "lip-sync")')).toEqual(fits(({ category }) => category === 'lip-sync'));
    expect(await idsOf('(maxCredits: 2)')).toEqual(fits(({ credits }) => credits <= 2));
    expect(await idsOf('(kind: VIDEO, provider: GMI, maxCredits: 16)')).toEqual(
      fits(({ kind, provider, credits }) => kind === 'VIDEO' && provider === 'gmi' && credits <= 16),
    );
    expect(await idsOf('(maxCredits: 0)')).toEqual([]);
    expect(await idsOf('(category: "LIP-SYNC")')).toEqual([]);
    expect(await idsOf('(kind: null, search: null)')).toHaveLength(174);
  });

  it('given a search, when models are read, then it is a part of the name or the id, in any case, and no pattern', async () => {
    expect(await idsOf('(search: "SCHNELL")')).toEqual(['fal-ai/flux/schnell']);
    expect(await idsOf('(search: "flux sch")')).toEqual(['fal-ai/flux/schnell']);
    expect(await idsOf('(search: "veo3", provider: GMI)')).toEqual(['gmi/veo3', 'gmi/veo3-fast']);
    expect(await idsOf('(search: "%")')).toEqual([]);
    expect(await idsOf('(search: ".*")')).toEqual([]);
    expect(await idsOf('(search: "")')).toHaveLength(174);
  });

  it.each(['fal-ai/flux', '', 'constructor', 'FAL-AI/FLUX/SCHNELL'])(
    'G18 given the id "%s", when the model is read, then there is none',
    async (id) => {
      const { model, node } = await studio.ask<{ model: unknown; node: unknown }>(
        'query ($id: ID!) { model(id: $id) { id } node(id: $id) { id } }',
        { variables: { id } },
      );
      expect({ model, node }).toEqual({ model: null, node: null });
    },
  );

  it('given the plans, when they are read signed out, then they are those of the product page', async () => {
    const { plans } = await studio.ask<{ plans: unknown[] }>(
      `{ plans {
        id code name description monthlyPrice { amount currency formatted } yearlyPrice { amount currency formatted }
        monthlyQuota rolloverCap welcomeCredits recommended contactSales isCurrent purchasable
      } }`,
      {},
    );
    const usd = (amount: number, formatted: string): object => ({ amount, currency: 'usd', formatted });
    const plain = { welcomeCredits: 0, recommended: false, contactSales: false, isCurrent: false };
    expect(plans).toEqual([
      {
        ...plain,
        id: 'free',
        code: 'free',
        name: 'Free',
        description: '100 credits once, to start with. Top up or upgrade when they run out.',
        monthlyPrice: usd(0, '$0.00'),
        yearlyPrice: null,
        monthlyQuota: 0,
        rolloverCap: 0,
        welcomeCredits: 100,
        purchasable: false,
      },
      {
        ...plain,
        id: 'pro',
        code: 'pro',
        name: 'Pro',
        description: 'For independent creators and small teams.',
        monthlyPrice: usd(4_900, '$49.00'),
        yearlyPrice: usd(46_800, '$468.00'),
        monthlyQuota: 2_000,
        rolloverCap: 2_000,
        purchasable: true,
      },
      {
        ...plain,
        id: 'business',
        code: 'business',
        name: 'Business',
        description: 'For larger teams with heavy generation volume.',
        monthlyPrice: usd(14_900, '$149.00'),
        yearlyPrice: usd(142_800, '$1,428.00'),
        monthlyQuota: 10_000,
        rolloverCap: 10_000,
        recommended: true,
        purchasable: true,
      },
      {
        ...plain,
        id: 'enterprise',
        code: 'enterprise',
        name: 'Enterprise',
        description: 'Custom quota and terms.',
        monthlyPrice: null,
        yearlyPrice: null,
        monthlyQuota: null,
        rolloverCap: null,
        contactSales: true,
        purchasable: false,
      },
    ]);
  });

  it('given an account on the free plan, when the plans are read, then that one is current', async () => {
    const { key } = await app.newAccount();
    const { plans } = await studio.ask<{ plans: { code: string; isCurrent: boolean }[] }>(
      '{ plans { code isCurrent } }',
      { key },
    );
    expect(plans.filter(({ isCurrent }) => isCurrent).map(({ code }) => code)).toEqual(['free']);
  });

  it('given the credit packs, when they are read, then each has its price and what a credit costs', async () => {
    const { creditPacks } = await studio.ask<{ creditPacks: unknown[] }>(
      `{ creditPacks { id code name credits price { amount currency formatted } pricePerCredit pricePerCreditCents
        bestValue purchasable } }`,
      {},
    );
    const pack = (
      code: string,
      name: string,
      credits: number,
      [amount, formatted]: [number, string],
      [pricePerCreditCents, pricePerCredit]: [number, string],
    ): object => ({
      id: code,
      code,
      name,
      credits,
      price: { amount, currency: 'usd', formatted },
      pricePerCredit,
      pricePerCreditCents,
      bestValue: code === 'pack_2000',
      purchasable: true,
    });
    expect(creditPacks).toEqual([
      pack('pack_100', '100 Credits', 100, [1_000, '$10.00'], [10, '$0.10']),
      pack('pack_500', '500 Credits', 500, [5_000, '$50.00'], [10, '$0.10']),
      pack('pack_2000', '2,000 Credits', 2_000, [18_000, '$180.00'], [9, '$0.09']),
      pack('pack_5000', '5,000 Credits', 5_000, [40_000, '$400.00'], [8, '$0.08']),
    ]);
  });

  it('given models, plans and packs, when they are asked for as nodes by nobody, then they are there with their types', async () => {
    for (const [id, typename] of [
      ['fal-ai/flux/schnell', 'Model'],
      ['pro', 'Plan'],
      ['pack_100', 'CreditPack'],
    ]) {
      const { node } = await studio.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { __typename id } }', {
        variables: { id },
      });
      expect(node).toEqual({ __typename: typename, id });
    }
  });
});

describe('The catalog without billing', () => {
  it('given billing that is disabled, when the catalog is read, then no model can run and nothing can be bought', async () => {
    const app = await startTestApp('embedded', { environment: { BILLING_MODE: 'disabled' } });
    const studio = createStudio(app);
    const { models, plans, creditPacks } = await studio.ask<{
      models: { available: boolean }[];
      plans: { purchasable: boolean }[];
      creditPacks: { purchasable: boolean }[];
    }>('{ models { available } plans { purchasable } creditPacks { purchasable } }', {});
    expect(models.some(({ available }) => available)).toBe(false);
    expect([...plans, ...creditPacks].some(({ purchasable }) => purchasable)).toBe(false);
    await app.close();
  });
});
