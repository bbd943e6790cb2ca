import { AccountNotFoundError } from '../errors.ts';
import type { UsageBucket as Bucket } from '../generation/index.ts';
import {
  type Explanation,
  effectOnAvailable,
  type Funding as FundingRow,
  type Grant as GrantRow,
  grantStateAt,
  type Transfer,
  type WalletView,
} from '../ledger/index.ts';
import { walletOf } from '../resolvers/context.ts';
import * as resolve from '../resolvers/wallet.ts';
import { builder } from './builder.ts';
import { Plan } from './catalog.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';
import { generationRef } from './generation-ref.ts';
import { NodeInterface } from './node.ts';

export const GrantState = builder.enumType('GrantState', {
  description: 'What a grant is now; the first that fits of VOIDED, PENDING, EXPIRED, USED, ACTIVE.',
  values: {
    PENDING: { description: 'It is not effective yet.' },
    ACTIVE: { description: 'Some of it remains or is held.' },
    USED: { description: 'Nothing of it remains or is held.' },
    EXPIRED: { description: 'Its time is over; what remained is lost.' },
    VOIDED: { description: 'It was withdrawn.' },
  } as const,
});

const GrantSource = builder.enumType('GrantSource', {
  description: 'Where credits came from.',
  values: {
    WELCOME: { description: 'Given to a new account.' },
    PLAN: { description: 'The quota of a plan.' },
    ROLLOVER: { description: 'What was left of the month before.' },
    PACK: { description: 'A credit pack that was bought.' },
    PROMOTION: { description: 'Given by an administrator for nothing.' },
    ADJUSTMENT: { description: 'Given by an administrator for something that was paid.' },
  } as const,
});

export const GrantCategory = builder.enumType('GrantCategory', {
  description: 'Whether credits were paid for. Promotional ones burn before paid ones of the same priority and expiry.',
  values: { PROMOTIONAL: { description: 'Not paid for.' }, PAID: { description: 'Paid for.' } } as const,
});

const TransactionType = builder.enumType('TransactionType', {
  description: 'What happened to credits.',
  values: {
    GRANT: { description: 'Credits came in.' },
    HOLD: { description: 'Credits were reserved for a generation.' },
    CAPTURE: { description: 'Reserved credits were charged.' },
    RELEASE: { description: 'Reserved credits were given back, by a failure, a cancellation or a lapse.' },
    REFUND: { description: 'Charged credits were given back.' },
    EXPIRY: { description: 'Credits expired.' },
    VOID: { description: 'A grant was withdrawn.' },
    CLAWBACK: { description: 'Credits were taken back with their payment.' },
    REINSTATEMENT: { description: 'Credits that were taken back were given again.' },
    DEBT_PAYMENT: { description: 'Credits paid what was owed.' },
  } as const,
});

const UsageGroup = builder.enumType('UsageGroup', {
  description: 'What usage is added up by.',
  values: {
    DAY: { description: 'Days of the time zone; days without usage are there too.' },
    MODEL: { description: 'Models, the most used first.' },
    KIND: { description: 'Kinds of media, the most used first.' },
    API_KEY: { description: 'API keys, the most used first.' },
  } as const,
});

export const Grant = builder.objectRef<resolve.InWallet<GrantRow>>('Grant');
Grant.implement({
  description: 'Credits that came in together. amount = pending + remaining + held + consumed + expired + revoked.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'The id.', resolve: ({ thing }) => thing.id }),
    source: t.field({ type: GrantSource, description: 'Where they came from.', resolve: ({ thing }) => thing.source }),
    category: t.field({
      type: GrantCategory,
      description: 'Whether they were paid for.',
      resolve: ({ thing }) => thing.category,
    }),
    state: t.field({
      type: GrantState,
      description: 'What it is now.',
      resolve: ({ thing, wallet }) => grantStateAt(thing, wallet.at),
    }),
    amount: t.int({ description: 'How many credits came in, at least 1.', resolve: ({ thing }) => thing.amount }),
    remaining: t.int({ description: 'Credits that may still be spent.', resolve: ({ thing }) => thing.remaining }),
    held: t.int({ description: 'Credits reserved by generations under way.', resolve: ({ thing }) => thing.held }),
    consumed: t.int({ description: 'Credits that were charged.', resolve: ({ thing }) => thing.consumed }),
    expired: t.int({ description: 'Credits that expired unspent.', resolve: ({ thing }) => thing.expired }),
    revoked: t.int({ description: 'Credits that were withdrawn.', resolve: ({ thing }) => thing.revoked }),
    pending: t.int({ description: 'Credits that are not effective yet.', resolve: ({ thing }) => thing.pending }),
    priority: t.int({ description: 'Lower burns first.', resolve: ({ thing }) => thing.priority }),
    effectiveAt: t.field({
      type: 'DateTime',
      description: 'Spendable from this instant on.',
      resolve: ({ thing }) => thing.effectiveAt,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'No longer spendable from this instant on; null lives for ever.',
      resolve: ({ thing }) => thing.expiresAt,
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it came in.', resolve: ({ thing }) => thing.createdAt }),
    reason: t.string({
      nullable: true,
      description: 'Why it came in, for people.',
      resolve: ({ thing }) => thing.reason,
    }),
  }),
});

/** A funding with the wallet that its grant is in. */
export const Funding = builder.objectRef<{ wallet: WalletView; funding: FundingRow }>('Funding').implement({
  description: 'How much a grant paid.',
  fields: (t) => ({
    grant: t.field({
      type: Grant,
      description: 'The grant that paid.',
      resolve: ({ wallet, funding }, _args, context) => resolve.fundingGrant(context, wallet, funding),
    }),
    amount: t.int({ description: 'Credits, at least 1.', resolve: ({ funding }) => funding.amount }),
  }),
});

export const Transaction = builder.objectRef<resolve.InWallet<Transfer>>('Transaction');
Transaction.implement({
  description: 'What a person reads as history: one row of the journal.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'The id.', resolve: (transaction) => resolve.transactionIdOf(transaction) }),
    sequence: t.int({
      description: 'Its number in the wallet, from 1 on, without gaps.',
      resolve: ({ thing }) => thing.sequence,
    }),
    type: t.field({ type: TransactionType, description: 'What happened.', resolve: ({ thing }) => thing.type }),
    credits: t.int({ description: 'The amount moved, at least 1.', resolve: ({ thing }) => thing.amount }),
    amount: t.int({
      description: 'Its effect on what is available, with its sign; 0 for a CAPTURE, whose credits were held before.',
      resolve: ({ thing }) => effectOnAvailable(thing),
    }),
    availableAfter: t.int({
      description: 'What was available right after it.',
      resolve: ({ thing }) => thing.availableAfter,
    }),
    generation: t.field({
      type: generationRef,
      nullable: true,
      description: 'The generation that it paid for or gave back.',
      resolve: (transaction, _args, context) => resolve.generationOf(context, transaction),
    }),
    grant: t.field({
      type: Grant,
      nullable: true,
      description: 'The grant that came in, expired or was withdrawn.',
      resolve: (transaction, _args, context) => resolve.grantOf(context, transaction),
    }),
    fundings: t.field({
      type: [Funding],
      description: 'Which grants it took from or gave to, in the order in which it did.',
      resolve: ({ wallet, thing }) => thing.fundings.map((funding) => ({ wallet, funding })),
    }),
    description: t.string({
      description: 'What happened, for people.',
      resolve: (transaction, _args, context) => resolve.describe(context, transaction),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      resolve: ({ thing }) => thing.occurredAt,
    }),
  }),
});

const GrantConnection = connectionOf('Grant', Grant);
const TransactionConnection = connectionOf('Transaction', Transaction);

const MonthlyCredits = builder.objectRef<WalletView>('MonthlyCredits').implement({
  description: 'The credits of the current plan period.',
  fields: (t) => ({
    quota: t.int({
      description: 'What the plan gives a month; 0 when that is agreed on one by one.',
      resolve: async (wallet, _args, context) =>
        (await resolve.planOf(context, wallet.state.accountId)).monthlyQuota ?? 0,
    }),
    remaining: t.int({
      description: 'What is left of it.',
      resolve: (wallet) => resolve.remainingOf(wallet, ['PLAN']),
    }),
    resetsAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the period ends; null without a plan that gives credits.',
      resolve: (wallet, _args, context) => resolve.monthlyResetsAt(context, wallet),
    }),
  }),
});

const UsageBucket = builder.objectRef<Bucket>('UsageBucket').implement({
  description: 'What was spent on one day, model, kind or key.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'For programs: the date, the id or the kind.' }),
    label: t.exposeString('label', { description: 'For people.' }),
    credits: t.exposeInt('credits', { description: 'Credits charged, refunds subtracted.' }),
    generations: t.exposeInt('generations', { description: 'How many generations were charged.' }),
  }),
});

const ExplanationLine = builder.objectRef<Explanation['lines'][number]>('ExplanationLine').implement({
  description: 'What one kind of movement did to the balance.',
  fields: (t) => ({
    label: t.exposeString('label', { description: 'What it was, for people.' }),
    amount: t.exposeInt('amount', { description: 'Credits, with their sign.' }),
    transactions: t.exposeInt('transactions', { description: 'How many transactions that were.' }),
  }),
});

const BalanceExplanation = builder.objectRef<Explanation>('BalanceExplanation').implement({
  description: 'Why a balance is what it is.',
  fields: (t) => ({
    available: t.exposeInt('available', { description: 'What was available, in credits.' }),
    lines: t.field({
      type: [ExplanationLine],
      description: 'They add up to `available`.',
      resolve: ({ lines }) => [...lines],
    }),
    asOf: t.expose('asOf', { type: 'DateTime', description: 'The instant that it speaks of.' }),
  }),
});

const JournalHead = builder.objectRef<WalletView['head']>('JournalHead').implement({
  description:
    'Where the history of a wallet stands. Kept by its owner, it proves later that history was not rewritten.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description: 'The number of the newest recorded transaction; 0 before the first.',
    }),
    hash: t.string({
      description: 'The SHA-256 that covers it and all before it, in hexadecimal.',
      resolve: ({ hash }) => hash.toString('hex'),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'The instant up to which it speaks.' }),
  }),
});

const LedgerVerification = builder.objectRef<resolve.LedgerVerification>('LedgerVerification').implement({
  description: 'What a wallet looks like when everything is recomputed from its journal.',
  fields: (t) => ({
    ok: t.exposeBoolean('ok', { description: 'Whether everything agrees.' }),
    transfers: t.exposeInt('transfers', { description: 'How many rows of the journal were checked.' }),
    firstBad: t.exposeID('firstBad', {
      nullable: true,
      description:
        'The id of the first transaction, grant or generation (by its hold) that does not agree; null when all do, or the wallet itself does not.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'What is wrong, for people; null when all is well.',
    }),
    head: t.exposeString('head', {
      description: 'The hash that the wallet has for its newest transaction, in hexadecimal.',
    }),
  }),
});

const WalletRebuild = builder.objectRef<resolve.WalletRebuild>('WalletRebuild').implement({
  description: 'What came of writing a wallet anew from its journal.',
  fields: (t) => ({
    corrected: t.exposeInt('corrected', {
      description: 'How many rows (the wallet, grants, holds) were written anew; 0 when all agreed.',
    }),
    verification: t.expose('verification', { type: LedgerVerification, description: 'How the wallet stands now.' }),
  }),
});

export const Wallet = builder.objectRef<WalletView>('Wallet');
Wallet.implement({
  description:
    'The credits of an account, true at the instant of the request: what has expired or lapsed by then counts.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.id({ description: 'The id.', resolve: ({ state }) => resolve.walletIdOf(state.accountId) }),
    available: t.int({
      description: 'Credits that may be spent now, or could be at an instant of the past.',
      args: { asOf: t.arg({ type: 'DateTime', description: 'An instant that is not in the future; absent: now.' }) },
      resolve: (wallet, { asOf }, context) => resolve.available(context, wallet, asOf),
    }),
    held: t.int({ description: 'Credits reserved by generations under way.', resolve: ({ state }) => state.held }),
    debt: t.int({ description: 'Credits owed after a payment was taken back.', resolve: ({ state }) => state.debt }),
    isLow: t.boolean({
      description: 'Whether less than `lowBalanceThreshold` is available.',
      resolve: ({ state }, _args, { services }) => state.available < services.catalog.snapshot().lowBalanceThreshold,
    }),
    lowBalanceThreshold: t.int({
      description: 'Below this many credits a wallet is low.',
      resolve: (_wallet, _args, { services }) => services.catalog.snapshot().lowBalanceThreshold,
    }),
    monthly: t.field({
      type: MonthlyCredits,
      description: 'The credits of the current plan period; they burn first.',
      resolve: (wallet) => wallet,
    }),
    rollover: t.int({
      description: 'Credits left from the period before; they burn next.',
      resolve: (wallet) => resolve.remainingOf(wallet, ['ROLLOVER']),
    }),
    topUp: t.int({
      description: 'Welcome credits, packs, promotions and adjustments; they burn last.',
      resolve: (wallet) => resolve.remainingOf(wallet, resolve.topUpSources),
    }),
    plan: t.field({
      type: Plan,
      description: 'The plan of the account.',
      resolve: ({ state }, _args, context) => resolve.planOf(context, state.accountId),
    }),
    grants: t.field({
      type: GrantConnection,
      description: 'What came in, newest first.',
      complexity: pageComplexity,
      args: {
        ...pageArguments(t.arg),
        state: t.arg({ type: GrantState, description: 'Only what is in this state.' }),
      },
      resolve: (wallet, args, context) => resolve.grants(context, wallet, args),
    }),
    transactions: t.field({
      type: TransactionConnection,
      description: 'What happened, newest first.',
      complexity: pageComplexity,
      args: {
        ...pageArguments(t.arg),
        type: t.arg({ type: [TransactionType], description: 'Only what is of these types.' }),
        from: t.arg({ type: 'DateTime', description: 'Only what happened at this instant or later.' }),
        to: t.arg({ type: 'DateTime', description: 'Only what happened before this instant.' }),
      },
      resolve: (wallet, args, context) => resolve.transactions(context, wallet, args),
    }),
    usage: t.field({
      type: [UsageBucket],
      description: 'What was spent, by the time of the charge, refunds subtracted.',
      complexity: { field: 20, multiplier: 10 },
      args: {
        from: t.arg({ type: 'DateTime', required: true, description: 'Inclusive.' }),
        to: t.arg({ type: 'DateTime', required: true, description: 'Exclusive; at most 731 days after `from`.' }),
        groupBy: t.arg({
          type: UsageGroup,
          required: true,
          defaultValue: 'DAY',
          description: 'What it is added up by.',
        }),
        timeZone: t.arg.string({
          required: true,
          defaultValue: 'UTC',
          description: 'The IANA time zone in which days begin, such as "Europe/Berlin".',
        }),
      },
      resolve: (wallet, args, context) => resolve.usage(context, wallet, args),
    }),
    explain: t.field({
      type: BalanceExplanation,
      description: 'Why that much is available, or was at an instant of the past.',
      complexity: 20,
      args: { asOf: t.arg({ type: 'DateTime', description: 'An instant that is not in the future; absent: now.' }) },
      resolve: (wallet, { asOf }, context) => resolve.explain(context, wallet, asOf),
    }),
    journalHead: t.field({
      type: JournalHead,
      description: 'Where its history stands. Keep it: `proveHistory` tells later whether history was rewritten.',
      resolve: ({ head }) => head,
    }),
    proveHistory: t.boolean({
      description: 'Whether history up to a transaction is still the one that had this hash, recomputed row by row.',
      complexity: 100,
      args: {
        sequence: t.arg.int({ required: true, description: 'The number that `journalHead` had.' }),
        hash: t.arg.string({ required: true, description: 'The hash that `journalHead` had.' }),
      },
      resolve: (wallet, args, context) => resolve.proveHistory(context, wallet, args),
    }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When something last happened.',
      resolve: ({ updatedAt }) => updatedAt,
    }),
  }),
});

builder.queryFields((t) => ({
  wallet: t.field({
    type: Wallet,
    nullable: true,
    description: "The caller's wallet.",
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => walletOf(context),
  }),
  verifyLedger: t.field({
    type: LedgerVerification,
    nullable: true,
    description:
      'Recomputes everything of a wallet from its journal and names the first row that disagrees; null when there is no such account. For administrators.',
    authScopes: { admin: true },
    complexity: 100,
    args: { accountId: t.arg.id({ required: true, description: 'Whose wallet.' }) },
    resolve: (_root, { accountId }, context) => resolve.verifyLedger(context, accountId),
  }),
}));

builder.mutationFields((t) => ({
  rebuildWallet: t.field({
    type: WalletRebuild,
    description:
      'Writes the amounts of a wallet, its grants and its holds anew from its journal, and nothing when the journal itself is not as it was written. For administrators.',
    authScopes: { admin: true },
    complexity: 100,
    args: { accountId: t.arg.id({ required: true, description: 'Whose wallet.' }) },
    errors: {
      types: [AccountNotFoundError],
      union: { name: 'RebuildWalletResult', description: 'What was corrected, or why nothing was looked at.' },
    },
    resolve: (_root, { accountId }, context) => resolve.rebuildWallet(context, accountId),
  }),
}));
