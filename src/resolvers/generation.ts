import type { MediaKind, Model, Operation } from '../catalog/index.ts';
import {
  type Asset,
  type GenerateInput,
  type Generation,
  type GenerationId,
  type GenerationList,
  type GenerationStatus,
  holdIdOf,
  type ManyAnswer,
  modelIdsOfKind,
  type Quote,
  type Upload,
} from '../generation/index.ts';
import type { AccountId, Funding, WalletView } from '../ledger/index.ts';
import type { JsonObject } from '../providers/index.ts';
import { type Context, callerOf, keyFrom } from './context.ts';
import { byId, type Page, type PageArguments, pageOf } from './pages.ts';
import { BadRequest } from './transport-errors.ts';

type Optional<Value> = Value | null | undefined;

/** `GenerateInput` as GraphQL and the compatibility route give it. */
export interface GenerateArguments {
  readonly operation: Operation;
  readonly modelId?: Optional<string>;
  readonly kind?: Optional<MediaKind>;
  readonly prompt?: Optional<string>;
  readonly params?: Optional<JsonObject>;
  readonly assets?: Optional<readonly { url: string; kind: MediaKind; durationSeconds?: Optional<number> }[]>;
  readonly quoteId?: Optional<string>;
  readonly metadata?: Optional<JsonObject>;
  readonly idempotencyKey?: Optional<string>;
}

export const generate = (context: Context, given: GenerateArguments): Promise<Generation> =>
  context.services.generations.generate(inputOf(given, keyFrom(context, given.idempotencyKey)), callerOf(context));

const mostCalls = 100;

/** Several calls at once. Throws {@link BadRequest} for none, for too many, and for one key for all of them. */
export function generateMany(
  context: Context,
  { inputs, mode, dryRun }: { inputs: readonly GenerateArguments[]; mode: 'ALL' | 'EACH'; dryRun: boolean },
): Promise<ManyAnswer> {
  if (inputs.length < 1 || inputs.length > mostCalls) throw new BadRequest(`Give from 1 to ${mostCalls} inputs.`);
  if (context.idempotencyKey !== null) {
    throw new BadRequest('An Idempotency-Key header belongs to one call. Give each input its own idempotencyKey.');
  }
  const request = { inputs: inputs.map((given) => inputOf(given, given.idempotencyKey ?? null)), mode, dryRun };
  return context.services.generations.generateMany(request, callerOf(context));
}

function inputOf(given: GenerateArguments, idempotencyKey: string | null): GenerateInput {
  return {
    operation: given.operation,
    modelId: given.modelId ?? null,
    kind: given.kind ?? null,
    prompt: given.prompt ?? null,
    params: given.params ?? null,
    assets: given.assets?.map((shot) => ({ ...shot, durationSeconds: shot.durationSeconds ?? null })) ?? null,
    quoteId: given.quoteId ?? null,
    metadata: given.metadata ?? null,
    idempotencyKey,
  };
}

export const cancelGeneration = (context: Context, id: string): Promise<Generation> =>
  context.services.generations.cancel(id as GenerationId, callerOf(context).accountId); // Found among the caller's, or nowhere.

export function refundGeneration(
  context: Context,
  input: { id: string; credits?: Optional<number>; reason: string; idempotencyKey: string },
): Promise<Generation> {
  const idempotencyKey = keyFrom(context, input.idempotencyKey) ?? input.idempotencyKey;
  const { reason } = input;
  const id = input.id as GenerationId; // Found, or nothing is done.
  const request = { id, credits: input.credits ?? null, reason, idempotencyKey };
  return context.services.generations.refund(request, callerOf(context).accountId);
}

export const quote = (
  { caller, services }: Context,
  input: { operation: Operation; modelId?: Optional<string>; kind?: Optional<MediaKind>; count: number },
): Quote =>
  services.generations.quote(
    { ...input, modelId: input.modelId ?? null, kind: input.kind ?? null },
    caller?.accountId ?? null,
  );

/** Whether the caller could pay for all of a quote now; null when nobody is signed in. */
export async function isAffordable({ caller, services }: Context, { credits }: Quote): Promise<boolean | null> {
  if (caller === null) return null;
  const wallet = await services.ledger.wallet(caller.accountId);
  return wallet !== null && wallet.state.available >= credits;
}

export const generation = (context: Context, id: string): Promise<Generation | null> =>
  context.services.generations.find(callerOf(context).accountId, id as GenerationId); // As above.

export function generations(
  { services }: Context,
  accountId: AccountId,
  args: PageArguments & { status?: Optional<readonly GenerationStatus[]>; kind?: Optional<MediaKind> },
): Promise<Page<Generation>> {
  const filter = {
    statuses: args.status ?? null,
    modelIds: args.kind == null ? null : modelIdsOfKind(services.catalog.snapshot().models, args.kind),
  };
  return pageOf(
    args,
    byId<Generation>(),
    (page) => services.generations.page(accountId, filter, page),
    () => services.generations.count(accountId, filter),
  );
}

/** What is under way without a hold that is sure to last, of all accounts. */
export const holdsAtRisk = ({ services }: Context, args: PageArguments): Promise<Page<Generation>> =>
  listed(services.generations.holdsAtRisk, args);

/** What ended here and may have run at a provider all the same, of all accounts. */
export const orphanedGenerations = ({ services }: Context, args: PageArguments): Promise<Page<Generation>> =>
  listed(services.generations.orphaned, args);

const listed = (list: GenerationList, args: PageArguments): Promise<Page<Generation>> =>
  pageOf(
    args,
    byId<Generation>(),
    (page) => list.page(page),
    () => list.count(),
  );

export function modelOf({ services }: Context, { modelId }: Generation): Model {
  const model = services.catalog.snapshot().modelById.get(modelId);
  if (model === undefined) throw new Error(`The catalog has lost the model ${modelId}.`);
  return model;
}

export const creditsHeld = ({ services }: Context, generation: Generation): Promise<number> =>
  services.generations.creditsHeld(generation);

export const assets = ({ services }: Context, generation: Generation): Promise<readonly Asset[]> =>
  services.generations.assets(generation);

/** Which grants pay for a generation: what is held while it runs, what was charged once it has succeeded. */
export async function fundings(
  { services }: Context,
  { accountId, id }: Generation,
): Promise<{ wallet: WalletView; funding: Funding }[]> {
  const [recorded, wallet] = await Promise.all([
    services.history.hold(accountId, holdIdOf(id)),
    services.ledger.wallet(accountId),
  ]);
  // A hold that lapsed counts as lapsed, though nobody has recorded it.
  const hold = wallet?.state.holds.get(holdIdOf(id)) ?? recorded;
  if (hold === null || wallet === null || hold.status === 'RELEASED' || hold.status === 'LAPSED') return [];
  return hold.fundings
    .map(({ grantId, held, captured }) => ({ grantId, amount: hold.status === 'CAPTURED' ? captured : held }))
    .filter(({ amount }) => amount > 0)
    .map((funding) => ({ wallet, funding }));
}

/** Makes an address to which the caller may put a file. */
export const createUpload = (context: Context, kind: MediaKind): Upload =>
  context.services.uploads.create(kind, callerOf(context).accountId);

export const assetUrl = ({ services }: Context, asset: Asset): string => services.generations.assetUrl(asset);
