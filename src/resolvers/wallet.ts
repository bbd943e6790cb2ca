import { AccountNotFoundError } from '../errors.ts';
import { findPlan, type Plan } from '../catalog/index.ts';
import type { Instant } from '../clock.ts';
import { toDate } from '../clock.ts';
import type { Generation, GenerationId, UsageBucket, UsageGroup } from '../generation/index.ts';
import type {
  AccountId,
  Explanation,
  Funding,
  Grant,
  GrantId,
  GrantSource,
  GrantState,
  TransactionType,
  Transfer,
  Rebuild,
  Verification,
  WalletView,
} from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import type { Context } from './context.ts';
import { byId, bySequence, type Page, type PageArguments, pageOf } from './pages.ts';

/** A grant or transfer with the wallet that it belongs to, as it is at the wallet's instant. */
export interface InWallet<Thing> {
  readonly wallet: WalletView;
  readonly thing: Thing;
}

/** The wallet's own id has the characters of its account's id. */
export const walletIdOf = (accountId: AccountId): string => accountId.replace(/^account_/, 'wallet_');

export const available = ({ services }: Context, wallet: WalletView, asOf: Instant | null | undefined) =>
  asOf == null ? wallet.state.available : services.history.availableAsOf(wallet, asOf);

/** What remains of live grants of some sources. */
export function remainingOf(wallet: WalletView, sources: readonly GrantSource[]): number {
  const grants = [...wallet.state.grants.values()];
  return grants.filter(({ source }) => sources.includes(source)).reduce((sum, { remaining }) => sum + remaining, 0);
}

export const topUpSources = ['WELCOME', 'PACK', 'PROMOTION', 'ADJUSTMENT'] as const satisfies GrantSource[];

/** When the month or trial ends that the plan has given credits for; null without any. */
export const monthlyResetsAt = async ({ services }: Context, wallet: WalletView): Promise<Instant | null> =>
  (await services.billing.plans.standing(wallet.state.accountId))?.resetsAt ?? null;

/** The plan that an account is on: the one that it subscribes to, else the one that it began with. */
export async function planOf({ services }: Context, accountId: AccountId): Promise<Plan> {
  const standing = await services.billing.plans.standing(accountId);
  const plan = standing && findPlan(services.catalog.snapshot(), standing.planCode);
  if (plan === null) throw new Error('An account is on a plan that the catalog does not have.');
  return plan;
}

export function grants(
  { services }: Context,
  wallet: WalletView,
  args: PageArguments & { state?: GrantState | null | undefined },
): Promise<Page<InWallet<Grant> & { id: string }>> {
  const state = args.state ?? null;
  return pageOf(
    args,
    byId<InWallet<Grant> & { id: string }>(),
    async (page) => {
      const found = await services.history.grants(wallet, state, page);
      return found.map((thing) => ({ id: thing.id, wallet, thing }));
    },
    () => services.history.countGrants(wallet, state),
  );
}

export function transactions(
  { services }: Context,
  wallet: WalletView,
  args: PageArguments & {
    type?: readonly TransactionType[] | null | undefined;
    from?: Instant | null | undefined;
    to?: Instant | null | undefined;
  },
): Promise<Page<InWallet<Transfer> & { sequence: number }>> {
  const filter = { types: args.type ?? null, from: args.from ?? null, to: args.to ?? null };
  return pageOf(
    args,
    bySequence<InWallet<Transfer> & { sequence: number }>(),
    async (page) => {
      const found = await services.history.transfers(wallet, filter, page);
      return found.map((thing) => ({ sequence: thing.sequence, wallet, thing }));
    },
    () => services.history.countTransfers(wallet, filter),
  );
}

export function usage(
  { services }: Context,
  wallet: WalletView,
  args: { from: Instant; to: Instant; groupBy: UsageGroup; timeZone: string },
): Promise<UsageBucket[]> {
  const request = { from: toDate(args.from), to: toDate(args.to), groupBy: args.groupBy, timeZone: args.timeZone };
  return services.generations.usage(wallet.state.accountId, request);
}

export const explain = (
  { services }: Context,
  wallet: WalletView,
  asOf: Instant | null | undefined,
): Promise<Explanation> => services.history.explain(wallet, asOf ?? wallet.at);

/** A grant that paid for something in this wallet. */
export async function fundingGrant(
  { services }: Context,
  wallet: WalletView,
  { grantId }: Funding,
): Promise<InWallet<Grant>> {
  const thing = await services.history.grant(wallet, grantId);
  if (thing === null) throw new Error('A funding names a grant that is not there.');
  return { wallet, thing };
}

/** The grant that a transaction is about: of one that came in, expired or was withdrawn. */
export async function grantOf(
  context: Context,
  { wallet, thing }: InWallet<Transfer>,
): Promise<InWallet<Grant> | null> {
  const [funding] = thing.fundings;
  return thing.holdId !== null || funding === undefined ? null : fundingGrant(context, wallet, funding);
}

/** The generation that a transaction paid for or gave back. */
export async function generationOf(
  { services }: Context,
  { wallet, thing }: InWallet<Transfer>,
): Promise<Generation | null> {
  if (thing.holdId === null) return null;
  // A hold has the id of its generation.
  return services.generations.find(wallet.state.accountId, thing.holdId as string as GenerationId);
}

/** What a person reads: what happened, and to what. */
export async function describe(context: Context, transaction: InWallet<Transfer>): Promise<string> {
  const { thing } = transaction;
  const generation = await generationOf(context, transaction);
  if (generation !== null) {
    const name = context.services.catalog.snapshot().modelById.get(generation.modelId)?.name ?? generation.modelId;
    return sentenceOf(thing, name);
  }
  const grant = await grantOf(context, transaction);
  return sentenceOf(thing, grant?.thing.reason ?? 'Credits');
}

function sentenceOf(transfer: Transfer, subject: string): string {
  const reason = transfer.reason === null ? '' : ` ${transfer.reason}`;
  switch (transfer.type) {
    case 'GRANT':
      return transfer.to === 'PENDING' ? `${subject}: from a later date` : subject;
    case 'HOLD':
      return `${subject}: held`;
    case 'CAPTURE':
      return `${subject}: charged`;
    case 'RELEASE':
      return `${subject}: given back${outcomeOf(transfer)}.${reason}`;
    case 'REFUND':
      return `${subject}: refunded${outcomeOf(transfer)}.${reason}`;
    case 'EXPIRY':
      return `${subject}: expired`;
    case 'VOID':
      return `${subject}: withdrawn.${reason}`;
    case 'CLAWBACK':
      return `${subject}: taken back with its payment${transfer.from === 'DEBT' ? ', owed because it was spent' : ''}`;
    case 'REINSTATEMENT':
      return `${subject}: given back with its payment${outcomeOf(transfer)}`;
    case 'DEBT_PAYMENT':
      return `${subject}: paid debt`;
  }
}

/** What became of credits that came back, when they are not available. */
function outcomeOf({ to }: Transfer): string {
  switch (to) {
    case 'EXPIRED':
      return ', expired meanwhile';
    case 'REVOKED':
      return ', withdrawn meanwhile';
    case 'DEBT':
      return ', which lessens what is owed';
    case 'AVAILABLE':
    case 'PENDING':
    case 'ISSUED':
    case 'HELD':
    case 'CONSUMED':
      return '';
  }
}

/** A transaction's own id: that of its account with its number. */
export const transactionIdOf = ({ wallet, thing }: InWallet<Transfer>): string =>
  transactionId(wallet.state.accountId, thing.sequence);

const transactionId = (accountId: AccountId, sequence: number): string =>
  `${accountId.replace(/^account_/, 'transaction_')}_${sequence}`;

/** A grant of the wallet by its id. */
export async function grantById(
  { services }: Context,
  wallet: WalletView,
  id: string,
): Promise<InWallet<Grant> | null> {
  if (!isStorable(id)) return null;
  const thing = await services.history.grant(wallet, id as GrantId); // Found in this wallet, or nowhere.
  return thing === null ? null : { wallet, thing };
}

/** Whether the caller's history is still the one that had this hash. */
export const proveHistory = (
  { services }: Context,
  wallet: WalletView,
  { sequence, hash }: { sequence: number; hash: string },
): Promise<boolean> => services.history.prove(wallet, sequence, hash);

/** Recomputes the wallet of an account from its journal; null when there is no such account. */
export async function verifyLedger({ services }: Context, id: string): Promise<LedgerVerification | null> {
  const accountId = id as AccountId; // Found, or nothing.
  const found = isStorable(id) ? await services.history.verify(accountId) : null;
  return found === null ? null : verificationOf(accountId, found);
}

/** Writes the wallet of an account anew from its journal. Throws `AccountNotFoundError`. */
export async function rebuildWallet({ services }: Context, id: string): Promise<WalletRebuild> {
  const accountId = id as AccountId; // Found, or nothing.
  const rebuilt = isStorable(id) ? await services.history.rebuild(accountId) : null;
  if (rebuilt === null) throw new AccountNotFoundError(id);
  return { ...rebuilt, verification: verificationOf(accountId, rebuilt.verification) };
}

function verificationOf(accountId: AccountId, found: Verification): LedgerVerification {
  const { firstBad } = found;
  const bad = firstBad?.kind === 'transfer' ? transactionId(accountId, firstBad.sequence) : (firstBad?.id ?? null);
  return { ...found, firstBad: bad };
}

/** What a rebuild came to. */
export type WalletRebuild = Omit<Rebuild, 'verification'> & { readonly verification: LedgerVerification };

/** What a verification found, with the id of the first bad row. */
export type LedgerVerification = Omit<Verification, 'firstBad'> & { readonly firstBad: string | null };
