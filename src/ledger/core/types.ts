/** Makes a plain type nominal, so that an id of one kind is never passed for another. */
export type Brand<Base, Name extends string> = Base & { readonly __brand: Name };

export type AccountId = Brand<string, 'AccountId'>;
export type GrantId = Brand<string, 'GrantId'>;
/** Chosen by the caller: the thing that the credits are held for. */
export type HoldId = Brand<string, 'HoldId'>;
/** A positive whole number of credits, at most {@link maximumCredits}. */
export type Credits = Brand<number, 'Credits'>;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = Brand<number, 'Instant'>;

/** The most that may be issued over the life of a wallet; fits PostgreSQL's and GraphQL's 32-bit integers. */
export const maximumCredits = 2_000_000_000;

export type GrantSource = 'WELCOME' | 'PLAN' | 'ROLLOVER' | 'PACK' | 'PROMOTION' | 'ADJUSTMENT';
export type GrantCategory = 'PROMOTIONAL' | 'PAID';
export type HoldStatus = 'OPEN' | 'CAPTURED' | 'RELEASED' | 'LAPSED';
export type TransactionType =
  | 'GRANT'
  | 'HOLD'
  | 'CAPTURE'
  | 'RELEASE'
  | 'REFUND'
  | 'EXPIRY'
  | 'VOID'
  | 'CLAWBACK'
  | 'REINSTATEMENT'
  | 'DEBT_PAYMENT';
/** The accounts of one wallet between which a transfer moves credits. */
export type LedgerAccount = 'ISSUED' | 'PENDING' | 'AVAILABLE' | 'HELD' | 'CONSUMED' | 'EXPIRED' | 'REVOKED' | 'DEBT';

/** Credits that came in together. `amount = pending + remaining + held + consumed + expired + revoked`, always. */
export interface Grant {
  readonly id: GrantId;
  readonly source: GrantSource;
  readonly category: GrantCategory;
  /** Lower burns first. */
  readonly priority: number;
  readonly amount: number;
  readonly pending: number;
  readonly remaining: number;
  readonly held: number;
  readonly consumed: number;
  readonly expired: number;
  readonly revoked: number;
  /** Spendable from this instant on. */
  readonly effectiveAt: Instant;
  /** No longer spendable from this instant on; null lives for ever. */
  readonly expiresAt: Instant | null;
  readonly voidedAt: Instant | null;
  readonly createdAt: Instant;
  readonly reason: string | null;
}

/** Which grant paid how much. */
export interface Funding {
  readonly grantId: GrantId;
  readonly amount: number;
}

/** The share of one grant in a hold, and what became of it. */
export interface HoldFunding {
  readonly grantId: GrantId;
  readonly held: number;
  readonly captured: number;
  readonly refunded: number;
}

/** Credits reserved for one charge; once captured it is that charge. */
export interface Hold {
  readonly id: HoldId;
  readonly status: HoldStatus;
  readonly amount: number;
  /** In burn order. After a late capture these are the grants that paid anew. */
  readonly fundings: readonly HoldFunding[];
  /** From this instant on the hold has lapsed and its credits are free. */
  readonly expiresAt: Instant;
  readonly createdAt: Instant;
  readonly settledAt: Instant | null;
}

/** What was taken back of a grant because its payment went back. `total = taken + owed + what open holds still keep`. */
export interface Clawback {
  readonly grantId: GrantId;
  /** How much of the grant is to be taken back, over all refunds and disputes of its payment. */
  readonly total: number;
  /** Taken without a debt: it was still there, or came back later. */
  readonly taken: number;
  /** Taken though it was spent: the wallet owes this, save what `payments` paid of it. */
  readonly owed: number;
  /** The grants that paid of it, in the order of payment. */
  readonly payments: readonly Funding[];
  /** The oldest is paid first. */
  readonly createdAt: Instant;
}

/**
 * One wallet, as far as a command needs it: its live and pending grants, the grants and holds that are named, the
 * holds that are due, all clawbacks, and every grant that those holds were funded from or that the clawbacks name. The
 * totals speak of the whole wallet.
 */
export interface WalletState {
  readonly accountId: AccountId;
  readonly available: number;
  readonly held: number;
  readonly pending: number;
  readonly debt: number;
  /** All that was ever granted. */
  readonly issued: number;
  /** The number of the newest transfer; 0 before the first. */
  readonly sequence: number;
  /** The newest instant that a command was applied at. */
  readonly lastInstant: Instant;
  readonly grants: ReadonlyMap<GrantId, Grant>;
  readonly holds: ReadonlyMap<HoldId, Hold>;
  readonly clawbacks: ReadonlyMap<GrantId, Clawback>;
}

/** One immutable row of the journal: `amount` moves from one account of the wallet to another. */
export interface Transfer {
  readonly sequence: number;
  readonly type: TransactionType;
  readonly from: LedgerAccount;
  readonly to: LedgerAccount;
  readonly amount: number;
  readonly availableAfter: number;
  readonly fundings: readonly Funding[];
  readonly holdId: HoldId | null;
  readonly reason: string | null;
  /** When it happened. */
  readonly occurredAt: Instant;
  /** When it was written down; later than `occurredAt` for what fell due unseen. */
  readonly recordedAt: Instant;
}

/** What a command says of a grant that it makes. */
export interface GrantTerms {
  readonly grantId: GrantId;
  readonly source: GrantSource;
  readonly category: GrantCategory;
  readonly priority: number;
  readonly amount: Credits;
  readonly expiresAt: Instant | null;
  readonly reason: string | null;
}

/** What a renewal says of the credits that live on. */
export interface Rollover extends Omit<GrantTerms, 'source' | 'amount'> {
  /** Whose credits live on; each of them ends now. What is held of them does not. */
  readonly fromGrantIds: readonly GrantId[];
  /** How many live on at most; 0 or more. */
  readonly cap: number;
}

export type Command =
  | (GrantTerms & {
      readonly kind: 'grant';
      /** Absent: at once. */
      readonly effectiveAt: Instant | null;
    })
  /** The credits of the next period come, at once, and what came before them ends. */
  | (GrantTerms & {
      readonly kind: 'renew';
      /** What ends now: what remains of these grants expires, and so does what comes back to them later. */
      readonly endsGrantIds: readonly GrantId[];
      /** What was left of some of the ended grants lives on as a ROLLOVER grant; absent: nothing does. */
      readonly rollover: Rollover | null;
    })
  /**
   * Grants end at another instant than was said. One that is not to come ends them now; what has ended or was voided
   * stays so.
   */
  | {
      readonly kind: 'reschedule';
      readonly grantIds: readonly GrantId[];
      readonly expiresAt: Instant;
      readonly reason: string;
    }
  | { readonly kind: 'hold'; readonly holdId: HoldId; readonly amount: Credits; readonly lifetimeMs: number }
  | { readonly kind: 'extend'; readonly holdId: HoldId; readonly lifetimeMs: number }
  /** `amount` absent: all of it. What is not captured goes back. */
  | { readonly kind: 'capture'; readonly holdId: HoldId; readonly amount: Credits | null }
  | { readonly kind: 'release'; readonly holdId: HoldId }
  /** `amount` absent: all that was captured and has not been refunded. */
  | { readonly kind: 'refund'; readonly holdId: HoldId; readonly amount: Credits | null; readonly reason: string }
  | { readonly kind: 'void'; readonly grantId: GrantId; readonly reason: string }
  /**
   * The payment of a grant went back, in part or whole. `total` credits of the grant are to be taken back from now
   * on, whatever was taken before: a smaller total than before reinstates (a won dispute).
   */
  | { readonly kind: 'clawback'; readonly grantId: GrantId; readonly total: number; readonly reason: string }
  /** Records what fell due; for wallets that nobody touches. */
  | { readonly kind: 'expire' };

export type Refusal =
  | {
      readonly kind: 'INSUFFICIENT_CREDITS';
      readonly required: number;
      readonly available: number;
      readonly held: number;
      readonly debt: number;
    }
  /** More would have been issued than a wallet may ever hold. */
  | { readonly kind: 'ISSUE_LIMIT'; readonly issued: number }
  | { readonly kind: 'EFFECTIVE_IN_THE_PAST' }
  | { readonly kind: 'EXPIRES_BEFORE_EFFECTIVE' }
  | { readonly kind: 'UNKNOWN_HOLD' }
  | { readonly kind: 'UNKNOWN_GRANT' }
  /** The hold was captured or released before. */
  | { readonly kind: 'ALREADY_SETTLED'; readonly hold: Hold }
  /** The hold had lapsed and its price is not available any more. */
  | { readonly kind: 'HOLD_EXPIRED'; readonly hold: Hold }
  | { readonly kind: 'EXCEEDS_HOLD'; readonly hold: Hold }
  | { readonly kind: 'NOT_CAPTURED'; readonly hold: Hold }
  | { readonly kind: 'EXCEEDS_CHARGE'; readonly refundable: number }
  | { readonly kind: 'NOT_VOIDABLE'; readonly grant: Grant }
  | { readonly kind: 'EXCEEDS_GRANT'; readonly grant: Grant }
  | { readonly kind: 'NOTHING_DUE' };

export type Effect =
  | { readonly kind: 'grant'; readonly grant: Grant }
  /** `rollover` is null when nothing lives on. */
  | { readonly kind: 'renew'; readonly grant: Grant; readonly rollover: Grant | null }
  /** All grants that were named, in that order. */
  | { readonly kind: 'reschedule'; readonly grants: readonly Grant[] }
  | { readonly kind: 'hold'; readonly hold: Hold }
  | { readonly kind: 'expire' };

export type Applied =
  | {
      readonly ok: true;
      readonly effect: Effect;
      /** There was nothing to do: the grant or hold with this id was there, or all was as the command wants it. */
      readonly repeated: boolean;
      readonly state: WalletState;
      readonly transfers: readonly Transfer[];
    }
  | { readonly ok: false; readonly refusal: Refusal };
