import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { connectAgain } from '../support/second-connection.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

interface ModelView {
  readonly credits: number;
  readonly label: string;
  readonly available: boolean;
}

const modelOf = async (studio: Studio, id: string): Promise<ModelView> =>
  (
    await studio.ask<{ model: ModelView }>('query ($id: ID!) { model(id: $id) { credits label available } }', {
      variables: { id },
    })
  ).model;

describeOnBoth('A change of the catalog', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());

  it('given a new price, when it is set, then the answer and every read from then on have it', async () => {
    const id = 'fal-ai/maya';
    expect(await studio.updateModel(id, { credits: 9 })).toMatchObject({ __typename: 'Model', credits: 9, id });
    expect(await modelOf(studio, id)).toEqual({ credits: 9, label: 'Maya1 TTS (9 credits)', available: true });
    expect(await studio.updateModel(id, { enabled: false })).toMatchObject({ credits: 9, isAvailable: false });
    expect(await modelOf(studio, id)).toMatchObject({ credits: 9, available: false });
    expect(await studio.updateModel(id, { credits: 4, enabled: true })).toMatchObject({
      credits: 4,
      isAvailable: true,
    });
  });

  it('given prices that are set, when the rows are looked at, then each is a version of its own and none is lost', async () => {
    const modelId = 'fal-ai/yue';
    await studio.updateModel(modelId, { credits: 6 });
    await studio.updateModel(modelId, { credits: 6 });
    await studio.updateModel(modelId, { credits: 7 });
    const rows = await app.database.prisma.modelPrice.findMany({ where: { modelId }, orderBy: { version: 'asc' } });
    // 5 of the file, 6 once, 7
    expect(rows.map(({ version, credits }) => [version, credits])).toEqual([
      [1, 5],
      [2, 6],
      [3, 7],
    ]);
  });

  it('given 30 prices that are set at once, when all are answered, then each is a version and the newest one counts', async () => {
    const modelId = 'fal-ai/lyria2';
    await Promise.all(Array.from({ length: 30 }, (_, index) => studio.updateModel(modelId, { credits: 100 + index })));
    const rows = await app.database.prisma.modelPrice.findMany({ where: { modelId }, orderBy: { version: 'asc' } });
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
    expect((await modelOf(studio, modelId)).credits).toBe(rows.at(-1)?.credits);
  });
});

describe('A change of the catalog with two servers on one PostgreSQL', () => {
  it('given two servers, when one sets a price and disables a model, then the other shows, quotes and charges it within a second', async () => {
    const app = await startTestApp('postgres');
    const connection = await connectAgain({ database: app.database, url: app.databaseUrl });
    const second = await startTestApp('postgres', { database: connection, clock: app.clock });
    const [studio, other] = [createStudio(app), createStudio(second)];
    try {
      await studio.updateModel('fal-ai/maya', { credits: 9 });
      await studio.updateModel('fal-ai/yue', { enabled: false });
      const soon = { timeout: 2_000, interval: 50 };
      await expect.poll(() => modelOf(other, 'fal-ai/maya'), soon).toMatchObject({ credits: 9 });
      await expect.poll(() => modelOf(other, 'fal-ai/yue'), soon).toMatchObject({ available: false });
      const { key } = await app.newAccount();
      expect(await other.generate(key, { modelId: 'fal-ai/maya', prompt: 'x' })).toMatchObject({ creditsHeld: 9 });
    } finally {
      await second.close();
      await connection.database.close();
      await app.close();
    }
  });
});

describeOnBoth('A new catalog file', (kind) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await openTestDatabase(kind);
  });
  afterAll(() => database.database.close());

  it('given a price and a model that were changed here, when another file is imported at the next start, then its facts count and the changes stay', async () => {
    const first = await startTestApp(kind, { database });
    await createStudio(first).updateModel('fal-ai/maya', { credits: 9 });
    await createStudio(first).updateModel('fal-ai/yue', { enabled: false });
    await first.close();
    // As if another file had been imported last, in which these facts were others and a plan more was sold.
    const { prisma } = database.database;
    await prisma.catalogSetting.updateMany({ data: { fileHash: 'of another file', lowBalanceThreshold: 3 } });
    await prisma.model.update({ where: { id: 'fal-ai/maya' }, data: { name: 'An old name', position: 500 } });
    const pro = await prisma.plan.findUniqueOrThrow({ where: { code: 'pro' } });
    await prisma.plan.create({ data: { ...pro, code: 'retired', position: 9 } });
    const pack = await prisma.creditPack.findUniqueOrThrow({ where: { code: 'pack_100' } });
    await prisma.creditPack.create({ data: { ...pack, code: 'pack_retired', position: 9 } });

    const second = await startTestApp(kind, { database });
    const studio = createStudio(second);
    expect(await modelOf(studio, 'fal-ai/maya')).toEqual({
      credits: 9,
      label: 'Maya1 TTS (9 credits)',
      available: true,
    });
    expect(await modelOf(studio, 'fal-ai/yue')).toMatchObject({ available: false });
    const { models, plans, creditPacks } = await studio.ask<{
      models: { id: string }[];
      plans: { code: string }[];
      creditPacks: { code: string }[];
    }>('{ models { id } plans { code } creditPacks { code } }', {});
    expect(models).toHaveLength(174);
    expect(models.at(-1)?.id).toBe('fal-ai/ffmpeg-api/compose');
    expect(plans.map(({ code }) => code)).toEqual(['free', 'pro', 'business', 'enterprise']);
    expect(creditPacks.map(({ code }) => code)).toEqual(['pack_100', 'pack_500', 'pack_2000', 'pack_5000']);
    const { key } = await second.newAccount();
    const { wallet } = await studio.ask<{ wallet: unknown }>('{ wallet { lowBalanceThreshold } }', { key });
    expect(wallet).toEqual({ lowBalanceThreshold: 25 });
    // A price is never added by an import of a model that has one.
    expect(await prisma.modelPrice.count({ where: { modelId: 'fal-ai/maya' } })).toBe(2);
    await second.close();
  });
});
