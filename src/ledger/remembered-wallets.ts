import type { AccountId, Grant, GrantId, Instant, WalletState } from './core/types.ts';
import type { StoredWallet } from './wallet.store.ts';

interface Remembered {
  /** Null while the wallet is better read anew: somebody else writes to it, too. */
  readonly wallet: StoredWallet | null;
  /** From this instant on it may be another one. */
  readonly until: Instant;
}

/** The most that a process keeps: wallets, and grants of each. */
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

  /** Those of the wallets that are known as they are at an instant, unless somebody else has written to them. */
  recall(accountIds: Iterable<AccountId>, now: Instant): Map<AccountId, StoredWallet> {
    const recalled = new Map<AccountId, StoredWallet>();
    for (const accountId of accountIds) {
      const { wallet = null, until = now } = this.#wallets.get(accountId) ?? {};
      // Time does not go back for a wallet that ran ahead of this process's clock.
      if (wallet !== null && until > Math.max(now, wallet.state.lastInstant)) recalled.set(accountId, wallet);
    }
    return recalled;
  }

  /** Takes in a wallet as it was written or read. */
  remember(wallet: StoredWallet, now: Instant): void {
    const { accountId } = wallet.state;
    if (this.isEstranged(accountId, now)) return;
    // The one that was used last is the last to go.
    this.#wallets.delete(accountId);
    const state = withoutThePast(wallet.state);
    if (state.grants.size > mostGrants) return;
    this.#wallets.set(accountId, {
      wallet: { ...wallet, state },
      until: firstDueAt(wallet),
    });
    if (this.#wallets.size <= mostWallets) return;
    for (const oldest of this.#wallets.keys()) {
      this.#wallets.delete(oldest);
      return;
    }
  }

  /** Takes note that wallets are not what they are remembered as. */
  estrange(accountIds: Iterable<AccountId>, now: Instant): void {
    const until = (now + estrangedMs) as Instant; // A later instant is an instant.
    for (const accountId of accountIds) this.#wallets.set(accountId, { wallet: null, until });
  }

  /** Whether somebody else has written to a wallet a moment ago, and so may again before it is written here. */
  isEstranged(accountId: AccountId, now: Instant): boolean {
    const known = this.#wallets.get(accountId);
    return known?.wallet === null && known.until > now;
  }
}

/** When something falls due by itself on a wallet; never, as far as is known, without any. */
function firstDueAt({ state, nextLapseAt }: StoredWallet): Instant {
  let first: number = nextLapseAt ?? Number.POSITIVE_INFINITY;
  for (const { pending, remaining, effectiveAt, expiresAt } of state.grants.values()) {
    if (pending > 0) first = Math.min(first, effectiveAt);
    if (remaining > 0 && expiresAt !== null) first = Math.min(first, expiresAt);
  }
  return first as Instant; // The first of some instants.
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
