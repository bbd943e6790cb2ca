import type { MediaKind } from '../catalog/index.ts';
import { toDate, toInstant } from '../clock.ts';
import { type Columns, insertRows, Prisma, type PrismaClient, type Statement, type Transaction } from '../db/index.ts';
import type { AccountId, AttachmentWriter, Instant, PageRequest } from '../ledger/index.ts';
import type { JsonObject } from '../providers/index.ts';
import type { Asset, Generation, GenerationFailure, GenerationId, GenerationStatus, ShotAsset } from './types.ts';

/** How a generation ended; written together with the command that settles its hold. */
export interface Ending {
  readonly accountId: AccountId;
  readonly id: GenerationId;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'CANCELED';
  readonly creditsCharged: number;
  readonly text: string | null;
  readonly output: JsonObject | null;
  readonly failure: GenerationFailure | null;
  readonly assets: readonly Asset[];
  readonly completedAt: Instant;
}

export interface RefundedTotal {
  readonly accountId: AccountId;
  readonly id: GenerationId;
  readonly creditsRefunded: number;
}

/** Inserts new generations. The rows are {@link Generation}s that the request made. */
const generationInsert = (attached: readonly unknown[]): Statement =>
  // The ledger carries attachments without looking at them; `attachGeneration` is the one place that makes these.
  insertRows('generation', newGenerationColumns, attached as readonly Generation[]);

const newGenerationColumns: Columns<Generation> = {
  account_id: ['text', (generation) => generation.accountId],
  id: ['text', (generation) => generation.id],
  api_key_id: ['text', (generation) => generation.apiKeyId],
  operation: ['operation', (generation) => generation.operation],
  status: ['generation_status', (generation) => generation.status],
  model_id: ['text', (generation) => generation.modelId],
  price_version: ['integer', (generation) => generation.priceVersion],
  prompt: ['text', (generation) => generation.prompt],
  params: ['jsonb', (generation) => JSON.stringify(generation.params)],
  shots: ['jsonb', (generation) => JSON.stringify(generation.shots)],
  metadata: ['jsonb', ({ metadata }) => (metadata === null ? null : JSON.stringify(metadata))],
  credits: ['integer', (generation) => generation.credits],
  credits_charged: ['integer', () => 0],
  credits_refunded: ['integer', () => 0],
  created_at: ['timestamptz', (generation) => generation.createdAt],
};

/** Writes how generations ended, and their assets. */
async function writeEndings(transaction: Transaction, attached: readonly unknown[]): Promise<void> {
  const endings = attached as readonly Ending[]; // As above: `attachEnding` makes these.
  const rows = endings.map((ending) => ({
    account_id: ending.accountId,
    id: ending.id,
    status: ending.status,
    credits_charged: ending.creditsCharged,
    text: ending.text,
    output: ending.output,
    failure_code: ending.failure?.code ?? null,
    failure_message: ending.failure?.message ?? null,
    failure_retryable: ending.failure?.retryable ?? null,
    completed_at: toDate(ending.completedAt).toISOString(),
  }));
  const updated = await transaction.$executeRaw`
    UPDATE generation SET status = ended.status, credits_charged = ended.credits_charged, text = ended.text,
      output = ended.output, failure_code = ended.failure_code, failure_message = ended.failure_message,
      failure_retryable = ended.failure_retryable, completed_at = ended.completed_at,
      progress = CASE WHEN ended.status = 'SUCCEEDED' THEN 1 ELSE generation.progress END
    FROM json_populate_recordset(NULL::generation, ${JSON.stringify(rows)}::json) AS ended
    WHERE generation.account_id = ended.account_id AND generation.id = ended.id
      AND generation.status IN ('QUEUED', 'RUNNING')`;
  // The hold decides who settles, so a generation that ends has not ended before.
  if (updated !== endings.length) throw new Error('A generation was settled that had already ended.');
  await insertAssets(
    transaction,
    endings.flatMap((ending) => ending.assets.map((asset) => ({ asset, ending }))),
  );
}

async function insertAssets(
  transaction: Transaction,
  made: readonly { asset: Asset; ending: Ending }[],
): Promise<void> {
  if (made.length === 0) return;
  await transaction.asset.createMany({
    data: made.map(({ asset, ending }) => ({ ...asset, createdAt: toDate(ending.completedAt) })),
  });
}

/** Writes how much of each charge has been refunded in all. */
async function writeRefunds(transaction: Transaction, attached: readonly unknown[]): Promise<void> {
  const refunds = attached as readonly RefundedTotal[]; // As above: `attachRefund` makes these.
  const rows = refunds.map(({ accountId, id, creditsRefunded }) => ({
    account_id: accountId,
    id,
    credits_refunded: creditsRefunded,
  }));
  await transaction.$executeRaw`
    UPDATE generation SET credits_refunded = greatest(generation.credits_refunded, refunded.credits_refunded)
    FROM (
      SELECT account_id, id, max(credits_refunded) AS credits_refunded
      FROM json_populate_recordset(NULL::generation, ${JSON.stringify(rows)}::json) GROUP BY account_id, id
    ) AS refunded
    WHERE generation.account_id = refunded.account_id AND generation.id = refunded.id`;
}

/** What the ledger writes for the commands that concern generations, by name. */
export const generationWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  ['generation', { kind: 'insert', statementFor: generationInsert }],
  ['generation-ending', { kind: 'write', write: writeEndings }],
  ['generation-refund', { kind: 'write', write: writeRefunds }],
]);

/** Generations of their accounts, in the order of the keys; one of another account is null. */
export async function readGenerations(
  client: PrismaClient,
  keys: readonly { accountId: AccountId; id: GenerationId }[],
): Promise<(Generation | null)[]> {
  const rows = await client.generation.findMany({
    where: {
      accountId: { in: [...new Set(keys.map((key) => key.accountId))] },
      id: { in: [...new Set(keys.map((key) => key.id))] },
    },
  });
  const byKey = new Map(rows.map((row) => [`${row.accountId} ${row.id}`, toGeneration(row)]));
  return keys.map(({ accountId, id }) => byKey.get(`${accountId} ${id}`) ?? null);
}

/** Generations of any accounts, in the order of their ids; for administrators. */
export async function readGenerationsOf(client: PrismaClient, ids: readonly string[]): Promise<Generation[]> {
  const rows = await client.generation.findMany({ where: { id: { in: [...ids] } } });
  const byId = new Map(rows.map((row) => [row.id, toGeneration(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** A generation of any account, for jobs and for the administrator. */
export async function findGeneration(client: PrismaClient, id: GenerationId): Promise<Generation | null> {
  const row = await client.generation.findFirst({ where: { id } });
  return row === null ? null : toGeneration(row);
}

export interface GenerationFilter {
  readonly statuses: readonly GenerationStatus[] | null;
  /** The ids of the models of a kind. */
  readonly modelIds: readonly string[] | null;
}

const matching = (accountId: AccountId, { statuses, modelIds }: GenerationFilter): Prisma.GenerationWhereInput => ({
  accountId,
  ...(statuses === null ? {} : { status: { in: [...statuses] } }),
  ...(modelIds === null ? {} : { modelId: { in: [...modelIds] } }),
});

/** A page of an account's generations, by id, which follows the time of creation. */
export async function readGenerationPage(
  client: PrismaClient,
  accountId: AccountId,
  filter: GenerationFilter,
  page: PageRequest<string>,
): Promise<Generation[]> {
  const rows = await client.generation.findMany({
    where: {
      ...matching(accountId, filter),
      AND: [
        page.after === null ? {} : { id: { lt: page.after } },
        page.before === null ? {} : { id: { gt: page.before } },
      ],
    },
    orderBy: { id: page.inverted ? 'asc' : 'desc' },
    take: page.limit,
  });
  return rows.map(toGeneration);
}

/** How many generations of an account fit the filter. */
export const countGenerations = (
  client: PrismaClient,
  accountId: AccountId,
  filter: GenerationFilter,
): Promise<number> => client.generation.count({ where: matching(accountId, filter) });

/** Marks that the provider is about to be called; false when that was done before or the generation has ended. */
export async function markSubmitting(client: PrismaClient, generation: Generation, now: Instant): Promise<boolean> {
  const { count } = await client.generation.updateMany({
    where: { accountId: generation.accountId, id: generation.id, status: 'QUEUED', submittingAt: null },
    data: { submittingAt: toDate(now) },
  });
  return count === 1;
}

/** Takes the mark back: the request was certainly not accepted. */
export async function unmarkSubmitting(client: PrismaClient, generation: Generation): Promise<void> {
  await client.generation.updateMany({
    where: { accountId: generation.accountId, id: generation.id, status: 'QUEUED', providerRequestId: null },
    data: { submittingAt: null },
  });
}

/**
 * Records that the provider accepted the request; false when the generation has ended meanwhile. That the provider was
 * first to say so makes no difference.
 */
export async function markRunning(
  client: PrismaClient,
  generation: Generation,
  requestId: string,
  now: Instant,
): Promise<boolean> {
  const { count } = await client.generation.updateMany({
    where: { accountId: generation.accountId, id: generation.id, status: 'QUEUED' },
    data: { status: 'RUNNING', providerRequestId: requestId, startedAt: toDate(now) },
  });
  if (count === 1) return true;
  const current = await findGeneration(client, generation.id);
  return current?.status === 'RUNNING' && current.providerRequestId === requestId;
}

/** Records the request of a generation that ended while it was being sent, so that it does not count as lost. */
export async function recordLateRequest(
  client: PrismaClient,
  { accountId, id }: Generation,
  requestId: string,
): Promise<void> {
  await client.generation.updateMany({
    where: { accountId, id, completedAt: { not: null }, providerRequestId: null },
    data: { providerRequestId: requestId },
  });
}

/** Records a request of which the provider was first to speak: nobody has recorded one of this attempt. */
export async function recordCallback(
  client: PrismaClient,
  attempt: { generationId: GenerationId; submittingAt: Instant },
  requestId: string,
  now: Instant,
): Promise<void> {
  await client.generation.updateMany({
    where: {
      id: attempt.generationId,
      status: 'QUEUED',
      submittingAt: toDate(attempt.submittingAt),
      providerRequestId: null,
    },
    data: { status: 'RUNNING', providerRequestId: requestId, startedAt: toDate(now) },
  });
}

/** Records how far the provider is, and what there is of its text. */
export async function writeProgress(
  client: PrismaClient,
  generation: Generation,
  { progress, text }: Pick<Generation, 'progress' | 'text'>,
): Promise<void> {
  await client.generation.updateMany({
    where: { accountId: generation.accountId, id: generation.id, status: 'RUNNING' },
    data: { progress, text },
  });
}

/** The assets of generations, in the order of the keys and of the result. */
export async function readAssets(
  client: PrismaClient,
  keys: readonly { accountId: AccountId; id: GenerationId }[],
): Promise<Asset[][]> {
  const rows = await client.asset.findMany({
    where: {
      accountId: { in: [...new Set(keys.map((key) => key.accountId))] },
      generationId: { in: [...new Set(keys.map((key) => key.id))] },
    },
    orderBy: { position: 'asc' },
  });
  return keys.map(({ accountId, id }) =>
    rows.filter((row) => row.accountId === accountId && row.generationId === id).map(toAsset),
  );
}

/** An asset by its id, which nobody can guess. */
export async function findAsset(client: PrismaClient, id: string): Promise<Asset | null> {
  const row = await client.asset.findUnique({ where: { id } });
  return row === null ? null : toAsset(row);
}

export interface UsageRow {
  readonly key: string;
  readonly credits: number;
  readonly generations: number;
}

/** What was charged in a span, refunds subtracted, by model, by key or by day in a time zone. */
export async function sumUsage(
  client: PrismaClient,
  accountId: AccountId,
  span: { from: Instant; to: Instant },
  groupBy: 'DAY' | 'MODEL' | 'API_KEY',
  timeZone: string,
): Promise<UsageRow[]> {
  const keys = {
    DAY: Prisma.sql`to_char(completed_at AT TIME ZONE ${timeZone}, 'YYYY-MM-DD')`,
    MODEL: Prisma.sql`model_id`,
    API_KEY: Prisma.sql`coalesce(api_key_id, '')`,
  };
  return client.$queryRaw<UsageRow[]>`
    SELECT ${keys[groupBy]} AS key, sum(credits_charged - credits_refunded)::integer AS credits, count(*)::integer AS generations
    FROM generation
    WHERE account_id = ${accountId} AND status = 'SUCCEEDED'
      AND completed_at >= ${toDate(span.from)}::timestamptz AND completed_at < ${toDate(span.to)}::timestamptz
    GROUP BY 1 ORDER BY 1`;
}

type GenerationRow = Prisma.GenerationGetPayload<Record<never, never>>;

const toGeneration = (row: GenerationRow): Generation => ({
  id: row.id as GenerationId,
  accountId: row.accountId as AccountId,
  apiKeyId: row.apiKeyId,
  operation: row.operation,
  status: row.status,
  modelId: row.modelId,
  priceVersion: row.priceVersion,
  prompt: row.prompt,
  // These three were checked when they came in, and were written as they stand.
  params: row.params as JsonObject,
  shots: row.shots as unknown as readonly ShotAsset[],
  metadata: row.metadata as JsonObject | null,
  credits: row.credits,
  creditsCharged: row.creditsCharged,
  creditsRefunded: row.creditsRefunded,
  progress: row.progress,
  text: row.text,
  output: row.output as JsonObject | null, // A provider's result, an object by its type.
  failure:
    row.failureCode === null
      ? null
      : { code: row.failureCode, message: row.failureMessage ?? '', retryable: row.failureRetryable ?? false },
  providerRequestId: row.providerRequestId,
  submittingAt: row.submittingAt === null ? null : toInstant(row.submittingAt),
  createdAt: toInstant(row.createdAt),
  startedAt: row.startedAt === null ? null : toInstant(row.startedAt),
  completedAt: row.completedAt === null ? null : toInstant(row.completedAt),
  version: row.version,
  replayed: false,
  knownHeld: null,
});

const toAsset = ({ createdAt: _createdAt, ...row }: Prisma.AssetGetPayload<Record<never, never>>): Asset => ({
  ...row,
  accountId: row.accountId as AccountId,
  generationId: row.generationId as GenerationId,
});

/** The ids of the models of one kind, for {@link GenerationFilter}. */
export const modelIdsOfKind = (models: readonly { id: string; kind: MediaKind }[], kind: MediaKind): string[] =>
  models.filter((model) => model.kind === kind).map((model) => model.id);
