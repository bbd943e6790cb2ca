import DataLoader from 'dataloader';
import { type Catalog, chooseModel, type Model, type ModelChoice, suggestPack } from '../catalog/index.ts';
import { type Clock, toInstant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { gathering } from '../gathering.ts';
import {
  GenerationNotFoundError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidInputError,
  NotCancelableError,
} from '../errors.ts';
import type { IdSource } from '../ids.ts';
import type { Job, Jobs } from '../jobs/index.ts';
import {
  type AccountId,
  type Attachment,
  type Credits,
  type History,
  type HoldId,
  type Instant,
  idempotencyKeyOf,
  type Ledger,
  type LedgerAnswer,
  maximumCredits,
  type PageRequest,
} from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { type Attention, atRisk, orphaned } from './attention.store.ts';
import type { AssetUrls } from './asset-urls.ts';
import type { CheckFiles } from './check-files.ts';
import { checkModelInput, checkShape } from './check-input.ts';
import {
  countGenerations,
  type Ending,
  findAsset,
  findGeneration,
  type GenerationFilter,
  type RefundedTotal,
  readAssets,
  readGenerationPage,
  readGenerations,
  readGenerationsOf,
  sumUsage,
} from './generation.store.ts';
import {
  type Call,
  type Calls,
  generateMany,
  type ManyAnswer,
  type ManyRequest,
  type NamedCall,
  type Shortage,
} from './generate-many.ts';
import { priceOf, quoteLifetimeMs, signQuote } from './quote.ts';
import type { Asset, GenerateInput, Generation, GenerationId, Payer } from './types.ts';
import { fillBuckets, type UsageBucket, type UsageRequest } from './usage.ts';

export interface QuoteRequest extends ModelChoice {
  readonly count: number;
}

export interface Quote {
  readonly id: string;
  readonly model: Model;
  readonly count: number;
  /** For all of `count`. */
  readonly credits: number;
  readonly expiresAt: Instant;
}

export interface RefundRequest {
  readonly id: GenerationId;
  /** All that is left when absent. */
  readonly credits: number | null;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** A list that is read page by page, newest first. */
export interface GenerationList {
  page(page: PageRequest<string>): Promise<Generation[]>;
  count(): Promise<number>;
}

/** A hold that is sure to last is extended when it has ten minutes left. */
const riskBelowMs = 5 * 60_000;

/** The life of a generation as its caller sees it; the running of it is in `steps.ts`. */
export interface Generations {
  /**
   * Holds the price and queues the call; what the provider makes of it is seen later. Throws, in this order,
   * `InvalidInputError` (shape), `IdempotencyConflictError`, `UnknownModelError`, `ModelUnavailableError`,
   * `InvalidInputError` (the model's inputs and their files), `PriceChangedError`, `InsufficientCreditsError`, `BusyError`.
   */
  generate(input: GenerateInput, payer: Payer): Promise<Generation>;
  /**
   * Several calls in one transaction, in their order, each answered as it would be alone. ALL: where one is refused, none
   * takes effect. `dryRun`: none takes effect in any case.
   */
  generateMany(request: ManyRequest, payer: Payer): Promise<ManyAnswer>;
  /** Stops a generation and gives its credits back at once. Throws `GenerationNotFoundError`, `NotCancelableError`, `BusyError`. */
  cancel(id: GenerationId, accountId: AccountId): Promise<Generation>;
  /** Gives back what a generation was charged, all or part. Throws `GenerationNotFoundError`, `InvalidInputError`, `IdempotencyConflictError`, `BusyError`. */
  refund(request: RefundRequest, administrator: AccountId): Promise<Generation>;
  /** The price of a call, locked for ten minutes. Throws `UnknownModelError`, `ModelUnavailableError`, `InvalidInputError`. */
  quote(request: QuoteRequest, accountId: AccountId | null): Quote;
  /** A generation of this account, else null; concurrent reads are gathered. */
  find(accountId: AccountId, id: GenerationId): Promise<Generation | null>;
  page(accountId: AccountId, filter: GenerationFilter, page: PageRequest<string>): Promise<Generation[]>;
  count(accountId: AccountId, filter: GenerationFilter): Promise<number>;
  /** Of all accounts, for operators: what is under way without a hold that is sure to last. */
  readonly holdsAtRisk: GenerationList;
  /** Of all accounts, for operators: what ended here and may have run at a provider all the same. */
  readonly orphaned: GenerationList;
  /** Concurrent reads are gathered. */
  assets(generation: Generation): Promise<readonly Asset[]>;
  asset(id: string): Promise<Asset | null>;
  /** Where a file is served: absolute, signed and good for a day. */
  assetUrl(asset: Asset): string;
  /** What is held for it now, in credits; 0 when it has ended or its hold has lapsed. */
  creditsHeld(generation: Generation): Promise<number>;
  /** What an account spent in a span. Throws `InvalidInputError` for a span or time zone that makes no sense. */
  usage(accountId: AccountId, request: UsageRequest): Promise<UsageBucket[]>;
}

/** The hold of a generation has the generation's own id. */
export const holdIdOf = (id: GenerationId): HoldId => id as string as HoldId; // The ledger lets its caller choose.

/** A generation has one job, whatever its next step is. */
export const jobIdOf = (id: GenerationId): string => `job_${id}`;

export const attachEnding = (ending: Ending): Attachment => ({ writer: 'generation-ending', row: ending });
const attachGeneration = (generation: Generation): Attachment => ({ writer: 'generation', row: generation });
/** Written by the queue's own writer, which `app.ts` registers under this name. */
const attachJob = (job: Job): Attachment => ({ writer: 'job', row: job });
const attachRefund = (refund: RefundedTotal): Attachment => ({ writer: 'generation-refund', row: refund });

export interface GenerationDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly history: History;
  readonly jobs: Jobs;
  readonly quoteSecret: Uint8Array;
  readonly sandboxMode: boolean;
  readonly assetUrls: AssetUrls;
  readonly checkFiles: CheckFiles;
  /** Told of an account whose credits have just been held or charged; must neither throw nor take time. */
  readonly afterSpending: (accountId: AccountId) => void;
  /** Tells the provider that nobody waits any more; must not throw. */
  readonly stopProvider: (generation: Generation) => void;
}

export function createGenerations(dependencies: GenerationDependencies): Generations {
  const { database, clock, catalog, history, assetUrls } = dependencies;
  const { prisma } = database;
  const generations = new DataLoader<{ accountId: AccountId; id: GenerationId }, Generation | null>(
    (keys) => readGenerations(prisma, keys),
    gathering,
  );
  const assets = new DataLoader<{ accountId: AccountId; id: GenerationId }, readonly Asset[]>(
    (keys) => readAssets(prisma, keys),
    gathering,
  );
  const find: Generations['find'] = async (accountId, id) =>
    isStorable(id) ? generations.load({ accountId, id }) : null;
  const listOf = (attention: () => Attention): GenerationList => ({
    page: async (page) => readGenerationsOf(prisma, await attention().ids(prisma, page)),
    count: () => attention().count(prisma),
  });
  const parts: Parts = { ...dependencies, find };
  return {
    generate: (input, payer) => generate(parts, input, payer),
    generateMany: (request, payer) => generateMany(callsOf(parts, payer), request),
    cancel: (id, accountId) => cancel(parts, id, accountId),
    refund: (request, administrator) => refund(parts, request, administrator),
    quote: (request, accountId) => quote(parts, request, accountId),
    find,
    page: (accountId, filter, page) => readGenerationPage(prisma, accountId, filter, page),
    count: (accountId, filter) => countGenerations(prisma, accountId, filter),
    holdsAtRisk: listOf(() => atRisk((clock.now() + riskBelowMs) as Instant)), // A later instant is an instant.
    orphaned: listOf(() => orphaned),
    assets: ({ accountId, id }) => assets.load({ accountId, id }),
    asset: async (id) => (isStorable(id) ? findAsset(prisma, id) : null),
    assetUrl: ({ id }) => assetUrls.urlOf(id),
    creditsHeld: async (generation) => {
      if (generation.completedAt !== null) return 0;
      if (generation.knownHeld !== null) return generation.knownHeld;
      const hold = await history.hold(generation.accountId, holdIdOf(generation.id));
      return hold?.status === 'OPEN' && hold.expiresAt > clock.now() ? hold.amount : 0;
    },
    usage: async (accountId, request) => {
      const buckets = fillBuckets(catalog.snapshot(), request);
      const grouping = request.groupBy === 'KIND' ? 'MODEL' : request.groupBy;
      const span = { from: toInstant(request.from), to: toInstant(request.to) };
      return buckets(await sumUsage(prisma, accountId, span, grouping, request.timeZone));
    },
  };
}

interface Parts extends GenerationDependencies {
  readonly find: Generations['find'];
}

async function generate(parts: Parts, input: GenerateInput, payer: Payer): Promise<Generation> {
  const calls = callsOf(parts, payer);
  const named = calls.name(input);
  const known = await calls.readKey(named);
  if (known !== null) return calls.replay(known);
  const call = await calls.assess(input, named);
  const generation = await calls.conclude(call, await parts.ledger.execute(call.request));
  if (!generation.replayed) calls.follow();
  return generation;
}

/** The parts of a call, from its shape to its answer, in the order in which their errors win. */
const callsOf = (parts: Parts, payer: Payer): Calls => ({
  ledger: parts.ledger,
  accountId: payer.accountId,
  name: (input) => {
    checkShape(input);
    const id = parts.ids.next('gen') as GenerationId; // A new id with the prefix of generations is one.
    return { id, key: idempotencyKeyOf(input, { accountId: payer.accountId, mutation: 'generate', subjectId: id }) };
  },
  readKey: async ({ key }) => {
    const known = key === undefined ? null : await parts.ledger.findKey(key);
    if (key === undefined || known === null) return null;
    if (!known.requestHash.equals(key.requestHash)) throw new IdempotencyConflictError(key.key);
    return known.subjectId;
  },
  assess: (input, named) => assess(parts, input, payer, named),
  conclude: async (call, answer) => {
    switch (answer.kind) {
      case 'applied':
        return call.queued(answer.at);
      case 'replayed':
        return replay(parts, payer.accountId, answer.subjectId);
      case 'conflict':
        throw new IdempotencyConflictError(call.request.key?.key ?? '');
      case 'refused':
        if (answer.refusal.kind === 'INSUFFICIENT_CREDITS') throw tooFew(parts, answer.refusal);
        throw unexpected(answer);
      case 'no-wallet':
        throw unexpected(answer);
    }
  },
  replay: (subjectId) => replay(parts, payer.accountId, subjectId),
  tooFew: (wallet) => tooFew(parts, wallet),
  follow: () => {
    parts.jobs.wake();
    parts.afterSpending(payer.accountId);
  },
});

async function assess(
  parts: Parts,
  input: GenerateInput,
  { accountId, apiKeyId }: Payer,
  { id, key }: NamedCall,
): Promise<Call> {
  const { catalog, clock } = parts;
  const snapshot = catalog.snapshot();
  const model = chooseModel(snapshot, input);
  checkModelInput(snapshot, model, input, { sandboxMode: parts.sandboxMode });
  await parts.checkFiles(input, model, accountId);
  const price = priceOf(model, { ...input, accountId, now: clock.now() }, parts.quoteSecret);
  const queued = (now: Instant): Generation =>
    queuedGeneration({ id, accountId, apiKeyId, modelId: model.id, price, input, now });
  return {
    credits: price.credits,
    queued,
    request: {
      accountId,
      command: {
        kind: 'hold',
        holdId: holdIdOf(id),
        amount: price.credits as Credits, // A price is a positive whole number by its CHECK constraint.
        lifetimeMs: snapshot.holdMinutes * 60_000,
      },
      key,
      attach: (_effect, now) => [
        attachGeneration(queued(now)),
        attachJob({ id: jobIdOf(id), kind: 'SUBMIT', accountId, subjectId: id, provider: model.provider, dueAt: now }),
      ],
    },
  };
}

const tooFew = ({ catalog }: Parts, wallet: Shortage): InsufficientCreditsError =>
  new InsufficientCreditsError(wallet, (shortfall) => suggestPack(catalog.snapshot(), shortfall));

/** A generation as it is when its credits have just been held. */
export function queuedGeneration(request: {
  id: GenerationId;
  accountId: AccountId;
  apiKeyId: string | null;
  modelId: string;
  price: { readonly version: number; readonly credits: number };
  input: GenerateInput;
  now: Instant;
}): Generation {
  const { id, accountId, apiKeyId, modelId, price, input, now } = request;
  return {
    id,
    accountId,
    apiKeyId,
    operation: input.operation,
    status: 'QUEUED',
    modelId,
    priceVersion: price.version,
    prompt: input.prompt,
    params: input.params ?? {},
    shots: input.assets ?? [],
    metadata: input.metadata,
    credits: price.credits,
    creditsCharged: 0,
    creditsRefunded: 0,
    progress: null,
    text: null,
    output: null,
    failure: null,
    providerRequestId: null,
    submittingAt: null,
    createdAt: now,
    startedAt: null,
    completedAt: null,
    version: 1,
    replayed: false,
    knownHeld: price.credits,
  };
}

async function replay(parts: Parts, accountId: AccountId, subjectId: string): Promise<Generation> {
  const generation = await parts.find(accountId, subjectId as GenerationId); // Stored by `generate` alone.
  if (generation === null) throw new Error('A key names a generation that is not there.');
  return { ...generation, replayed: true };
}

async function cancel(parts: Parts, id: GenerationId, accountId: AccountId): Promise<Generation> {
  const generation = await parts.find(accountId, id);
  if (generation === null) throw new GenerationNotFoundError();
  if (generation.status === 'CANCELED') return generation;
  if (generation.completedAt !== null) throw new NotCancelableError(generation.status);

  const answer = await parts.ledger.execute({
    accountId,
    command: { kind: 'release', holdId: holdIdOf(id) },
    attach: (_effect, now) => [attachEnding(ending(generation, { status: 'CANCELED', completedAt: now }))],
  });
  if (answer.kind === 'applied') parts.stopProvider(generation);
  else if (answer.kind !== 'refused' || answer.refusal.kind !== 'ALREADY_SETTLED') throw unexpected(answer);

  const settled = await parts.find(accountId, id);
  if (settled === null) throw new GenerationNotFoundError();
  if (settled.status !== 'CANCELED') throw new NotCancelableError(settled.status);
  return settled;
}

/** An ending without result or charge, completed by what is given. */
export function ending(
  generation: Generation,
  given: Pick<Ending, 'status' | 'completedAt'> & Partial<Ending>,
): Ending {
  return {
    accountId: generation.accountId,
    id: generation.id,
    creditsCharged: 0,
    text: null,
    output: null,
    failure: null,
    assets: [],
    ...given,
  };
}

async function refund(parts: Parts, request: RefundRequest, administrator: AccountId): Promise<Generation> {
  const invalid = (field: string, message: string): InvalidInputError =>
    new InvalidInputError([{ path: ['input', field], message }]);
  if (request.reason.trim() === '' || !isStorable(request.reason) || request.reason.length > 1_000) {
    throw invalid('reason', 'Must say why, in at most 1000 characters.');
  }
  if (request.credits !== null && !(request.credits >= 1 && request.credits <= maximumCredits)) {
    throw invalid('credits', `Must be from 1 to ${maximumCredits}.`);
  }
  const generation = isStorable(request.id) ? await findGeneration(parts.database.prisma, request.id) : null;
  if (generation === null) throw new GenerationNotFoundError();

  const { accountId, id } = generation;
  const answer = await parts.ledger.execute({
    accountId,
    command: {
      kind: 'refund',
      holdId: holdIdOf(id),
      amount: request.credits as Credits | null, // Checked above.
      reason: request.reason,
    },
    key: idempotencyKeyOf(request, { accountId: administrator, mutation: 'refundGeneration', subjectId: id }),
    attach: (effect) => {
      if (effect.kind !== 'hold') return [];
      const creditsRefunded = effect.hold.fundings.reduce((sum, { refunded }) => sum + refunded, 0);
      return [attachRefund({ accountId, id, creditsRefunded })];
    },
  });
  switch (answer.kind) {
    case 'applied':
    case 'replayed': {
      const refunded = await parts.find(accountId, id);
      if (refunded === null) throw new GenerationNotFoundError();
      return answer.kind === 'replayed' ? { ...refunded, replayed: true } : refunded;
    }
    case 'conflict':
      throw new IdempotencyConflictError(request.idempotencyKey);
    case 'refused':
      if (answer.refusal.kind === 'NOT_CAPTURED') throw invalid('id', 'This generation was not charged.');
      if (answer.refusal.kind === 'EXCEEDS_CHARGE') {
        throw invalid('credits', `Only ${answer.refusal.refundable} credits of its charge are left to refund.`);
      }
      throw unexpected(answer);
    case 'no-wallet':
      throw unexpected(answer);
  }
}

const mostQuoted = 1_000;

function quote(parts: Parts, request: QuoteRequest, accountId: AccountId | null): Quote {
  const { count, operation } = request;
  if (!(count >= 1 && count <= mostQuoted)) {
    throw new InvalidInputError([{ path: ['input', 'count'], message: `Must be from 1 to ${mostQuoted}.` }]);
  }
  const model = chooseModel(parts.catalog.snapshot(), request);
  const expiresAt = (parts.clock.now() + quoteLifetimeMs) as Instant; // A later instant is an instant.
  const { id: modelId, priceVersion, credits } = model;
  if (credits * count > maximumCredits) {
    const message = `Must cost at most ${maximumCredits} credits in all: no wallet ever has more.`;
    throw new InvalidInputError([{ path: ['input', 'count'], message }]);
  }
  const claims = { accountId, operation, modelId, priceVersion, credits, count, expiresAt };
  return { id: signQuote(claims, parts.quoteSecret), model, count, credits: credits * count, expiresAt };
}

const unexpected = (answer: LedgerAnswer): Error =>
  new Error(`The ledger gave an answer that this command does not have: ${JSON.stringify(answer)}.`);
