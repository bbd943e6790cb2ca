import type { AccountId, Command, Effect, Instant, Refusal } from './core/types.ts';
import type { IdempotencyKey } from './wallet.store.ts';

/** A row of another part that is written in the transaction of a command, by the writer of this name. */
export interface Attachment {
  readonly writer: string;
  readonly row: unknown;
}

export interface LedgerRequest {
  /** Whose wallet. */
  readonly accountId: AccountId;
  readonly command: Command;
  /** The client's key, when it sent one. */
  readonly key?: IdempotencyKey | undefined;
  /**
   * What else is written when the command takes effect; `now` is the instant of the effect. A command that finds
   * nothing to do attaches nothing, so that what is attached is written once, with what it belongs to.
   */
  readonly attach?: ((effect: Effect, now: Instant) => readonly Attachment[]) | undefined;
}

export type LedgerAnswer =
  /** `repeated`: there was nothing to do, and nothing was attached; what fell due and the key are recorded all the same. */
  | { readonly kind: 'applied'; readonly effect: Effect; readonly repeated: boolean; readonly at: Instant }
  /** The key was used before for the same request. */
  | { readonly kind: 'replayed'; readonly subjectId: string }
  /** The key was used before for another request. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'no-wallet' };

/** Commands for one wallet that are decided one after the other, in one transaction. */
export interface LedgerUnit {
  readonly accountId: AccountId;
  readonly requests: readonly LedgerRequest[];
  /** Where one is refused, none takes effect. */
  readonly allOrNone: boolean;
}

/** `withheld`: it would have been possible, but another command of its unit was not. */
export type UnitAnswer = LedgerAnswer | { readonly kind: 'withheld' };
