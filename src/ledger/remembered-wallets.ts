import type { AccountId, Grant, GrantId, Instant, WalletState } from './core/types.ts';
import type { StoredWallet } from './wallet.store.ts';

interface Remembered {
  /** Null while the wallet is better read anew: somebody else writes to it, too. */
  readonly wallet: StoredWallet | null;
  /** From this instant on it may be another one. */
  readonly until: Instant;
}

/** So many wallets, with so many grants each, take some tens of megabytes at the most. */
const mostWallets = 10_000;
const mostGrants = 64;
/** How long a wallet that somebody else wrote to is not remembered. */
const estrangedMs = 1_000;

/**
 * Wallets as this process has written or read them last, so that the next command need not read them again. Nothing is
 * believed of them: whoever writes has the database check the revision.
 */
export class RememberedWallets {
  readonly #wallets = new Map<AccountId, Remembered>();

  /** All of these wallets, as they are at an instant unless somebody else has written to them; null when one is not known. */
  recall(accountIds: readonly AccountId[], now: Instant): Map<AccountId, StoredWallet> | null {
    const recalled = new Map<AccountId, StoredWallet>();
    for (const accountId of accountIds) {
      const { wallet = null, until = now } = this.#wallets.get(accountId) ?? {};
      // Time does not go back for a wallet that ran ahead of this process's clock.
      if (wallet === null || until <= Math.max(now, wallet.state.lastInstant)) return null;
      recalled.set(accountId, wallet);
    }
    return recalled;
  }

  /** Until when what is remembered of a wallet is sure to be all of it, but for what others write. */
  untilOf(accountId: AccountId): Instant | null {
    return this.#wallets.get(accountId)?.until ?? null;
  }

  /** Takes in a wallet as it was written or read. Of its holds, those that are not here lapse at `until` or later. */
  remember(wallet: StoredWallet, until: Instant, now: Instant): void {
    const { accountId } = wallet.state;
    const known = this.#wallets.get(accountId);
    if (known?.wallet === null && known.until > now) return;
    // The one that was used last is the last to go.
    this.#wallets.delete(accountId);
    const state = withoutThePast(wallet.state);
    if (state.grants.size > mostGrants) return;
    this.#wallets.set(accountId, {
      wallet: { ...wallet, state },
      until: Math.min(until, firstDueAt(wallet.state)) as Instant, // The earlier of two instants is one.
    });
    if (this.#wallets.size <= mostWallets) return;
    for (const oldest of this.#wallets.keys()) {
      this.#wallets.delete(oldest);
      return;
    }
  }

  /** Takes note that wallets are not what they are remembered as. */
  estrange(accountIds: readonly AccountId[], now: Instant): void {
    const until = (now + estrangedMs) as Instant; // A later instant is an instant.
    for (const accountId of accountIds) this.#wallets.set(accountId, { wallet: null, until });
  }
}

/** When something falls due by itself on what is known of a wallet. */
function firstDueAt({ grants, holds }: WalletState): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { pending, remaining, effectiveAt, expiresAt } of grants.values()) {
    if (pending > 0) first = Math.min(first, effectiveAt);
    if (remaining > 0 && expiresAt !== null) first = Math.min(first, expiresAt);
  }
  for (const { status, expiresAt } of holds.values()) if (status === 'OPEN') first = Math.min(first, expiresAt);
  return first;
}

/** Without the grants that a new hold has no use for, and without the holds. */
function withoutThePast(state: WalletState): WalletState {
  const grants = new Map<GrantId, Grant>();
  const owing = new Set<GrantId>();
  for (const { grantId, payments } of state.clawbacks.values()) {
    owing.add(grantId);
    for (const payment of payments) owing.add(payment.grantId);
  }
  for (const [id, grant] of state.grants) {
    if (grant.remaining > 0 || grant.pending > 0 || owing.has(id)) grants.set(id, grant);
  }
  return { ...state, grants, holds: new Map() };
}
