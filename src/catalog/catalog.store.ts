import type { Database, Prisma, Transaction } from '../db/index.ts';
import type { CatalogFile } from './catalog-file.ts';
import type { CatalogSnapshot, Model, Plan, ProviderName } from './types.ts';

type PlanRow = Prisma.PlanGetPayload<Record<never, never>>;

/** Reads the whole catalog into a snapshot; models of providers that are not in `providers` are unavailable. */
export async function readSnapshot(
  { prisma }: Database,
  providers: ReadonlySet<ProviderName>,
): Promise<CatalogSnapshot> {
  const [setting, rows, defaults, planRows, creditPacks] = await prisma.$transaction([
    prisma.catalogSetting.findUniqueOrThrow({ where: { id: 1 } }),
    prisma.model.findMany({
      orderBy: { position: 'asc' },
      include: { prices: { orderBy: { version: 'desc' }, distinct: ['modelId'] } },
    }),
    prisma.catalogDefault.findMany(),
    prisma.plan.findMany({ orderBy: { position: 'asc' } }),
    prisma.creditPack.findMany({ where: { active: true }, orderBy: { position: 'asc' } }),
  ]);
  const modelIdByRole = new Map(defaults.map(({ role, modelId }) => [role, modelId]));
  const models = rows.flatMap((row): Model[] => {
    const [price] = row.prices;
    // A model without a price is not sold, so it is not in the catalog.
    if (price === undefined) return [];
    const unavailableReason = reasonAgainst(row, providers);
    return [
      {
        id: row.id,
        name: row.name,
        label: `${row.name} (${price.credits} credits)`,
        kind: row.kind,
        category: row.category,
        workflow: row.workflow,
        provider: row.provider,
        credits: price.credits,
        priceVersion: price.version,
        speedSeconds: row.speedSeconds,
        speed: row.speedSeconds === null ? null : `~${row.speedSeconds}s`,
        badge: row.badge,
        isDefault: modelIdByRole.get(row.kind) === row.id,
        available: unavailableReason === null,
        unavailableReason,
        accepts: row.accepts,
        // Written by the import below, which takes nothing but objects.
        inputDefaults: row.inputDefaults as Model['inputDefaults'],
      },
    ];
  });
  const modelById = new Map(models.map((model) => [model.id, model]));
  const plans = planRows.filter(({ active }) => active).map(toPlan);
  return {
    version: setting.version,
    models,
    modelById,
    defaultModelByKind: new Map(models.filter((model) => model.isDefault).map((model) => [model.kind, model])),
    directorsCutModel: modelById.get(modelIdByRole.get('directorsCut') ?? '') ?? null,
    plans,
    planByCode: new Map(plans.map((plan) => [plan.code, plan])),
    retiredPlanByCode: new Map(planRows.flatMap((row) => (row.active ? [] : [[row.code, toPlan(row)]]))),
    creditPacks,
    creditPackByCode: new Map(creditPacks.map((pack) => [pack.code, pack])),
    currency: setting.currency,
    lowBalanceThreshold: setting.lowBalanceThreshold,
    holdMinutes: setting.holdMinutes,
  };
}

const providerNames: Record<ProviderName, string> = { FAL: 'fal', GMI: 'GMI Cloud', GROQ: 'Groq' };

/** Why a model cannot be run; null when it can. */
function reasonAgainst(
  { enabled, provider }: { readonly enabled: boolean; readonly provider: ProviderName },
  providers: ReadonlySet<ProviderName>,
): string | null {
  if (!enabled) return 'It is switched off.';
  return providers.has(provider) ? null : `This server has no key for ${providerNames[provider]}.`;
}

const toPlan = ({ position: _position, active: _active, ...plan }: PlanRow): Plan => plan;

/** The version of the catalog in the database; it grows with each change. */
export async function readVersion({ prisma }: Database): Promise<number> {
  const setting = await prisma.catalogSetting.findUniqueOrThrow({ where: { id: 1 }, select: { version: true } });
  return setting.version;
}

/** The hash of the catalog file that was imported last; null before the first import. */
export async function readFileHash({ prisma }: Database): Promise<string | null> {
  const setting = await prisma.catalogSetting.findUnique({ where: { id: 1 } });
  return setting?.fileHash ?? null;
}

/**
 * Writes a catalog file into the tables: facts are brought up to date, a model that is new gets its price.
 * A price that was set here since stays, and so does whether a model is enabled.
 */
export async function writeCatalogFile(
  { prisma }: Database,
  file: CatalogFile,
  fileHash: string,
  now: Date,
): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    await writeSettings(transaction, file, fileHash);
    await transaction.$executeRaw`
      INSERT INTO model (id, position, name, kind, category, workflow, provider, speed_seconds, badge, accepts, input_defaults)
      SELECT id, position, name, kind, category, workflow, provider, "speedSeconds", badge, accepts, "inputDefaults"
      FROM jsonb_to_recordset(${JSON.stringify(file.models)}::jsonb) AS file (
        id text, position integer, name text, kind media_kind, category text, workflow text, provider provider,
        "speedSeconds" integer, badge text, accepts text[], "inputDefaults" jsonb)
      ON CONFLICT (id) DO UPDATE SET
        position = excluded.position, name = excluded.name, kind = excluded.kind, category = excluded.category,
        workflow = excluded.workflow, provider = excluded.provider, speed_seconds = excluded.speed_seconds,
        badge = excluded.badge, accepts = excluded.accepts, input_defaults = excluded.input_defaults`;
    await transaction.modelPrice.createMany({
      data: file.models.map(({ id, credits }) => ({ modelId: id, version: 1, credits, createdAt: now })),
      skipDuplicates: true,
    });
    for (const [role, modelId] of Object.entries(file.defaults)) {
      await transaction.catalogDefault.upsert({ where: { role }, create: { role, modelId }, update: { modelId } });
    }
    for (const [position, plan] of file.plans.entries()) {
      const data = { ...plan, position, active: true };
      await transaction.plan.upsert({ where: { code: plan.code }, create: data, update: data });
    }
    for (const [position, pack] of file.creditPacks.entries()) {
      const data = { ...pack, position, active: true };
      await transaction.creditPack.upsert({ where: { code: pack.code }, create: data, update: data });
    }
    // What left the file is retired: orders still refer to it.
    await transaction.plan.updateMany({
      where: { code: { notIn: file.plans.map(({ code }) => code) } },
      data: { active: false },
    });
    await transaction.creditPack.updateMany({
      where: { code: { notIn: file.creditPacks.map(({ code }) => code) } },
      data: { active: false },
    });
  });
}

async function writeSettings(transaction: Transaction, file: CatalogFile, fileHash: string): Promise<void> {
  const { currency, lowBalanceThreshold, holdMinutes } = file;
  await transaction.catalogSetting.upsert({
    where: { id: 1 },
    create: { currency, lowBalanceThreshold, holdMinutes, fileHash },
    update: { currency, lowBalanceThreshold, holdMinutes, fileHash, version: { increment: 1 } },
  });
}

/** Gives a model a new price, or enables or disables it; false when there is no such model. */
export async function writeModelChange(
  { prisma }: Database,
  change: { id: string; credits: number | null; enabled: boolean | null },
  now: Date,
): Promise<boolean> {
  return prisma.$transaction(async (transaction) => {
    // Models are never deleted, so one that is there now is there under the lock too.
    if ((await transaction.model.count({ where: { id: change.id } })) === 0) return false;
    // Every change of the catalog takes this row first, so that two of them never race for one price version.
    await transaction.catalogSetting.update({ where: { id: 1 }, data: { version: { increment: 1 } } });
    const model = await transaction.model.findUniqueOrThrow({
      where: { id: change.id },
      include: { prices: { orderBy: { version: 'desc' }, take: 1 } },
    });
    const [price] = model.prices;
    if (change.credits !== null && change.credits !== price?.credits) {
      await transaction.modelPrice.create({
        data: { modelId: model.id, version: (price?.version ?? 0) + 1, credits: change.credits, createdAt: now },
      });
    }
    if (change.enabled !== null) {
      await transaction.model.update({ where: { id: model.id }, data: { enabled: change.enabled } });
    }
    return true;
  });
}
