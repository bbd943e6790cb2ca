import { apply, instantFor } from './core/apply.ts';
import type { AccountId, Applied, Command, Hold, HoldId, Instant, Transfer, WalletState } from './core/types.ts';
import { transferHash } from './journal-hash.ts';
import type { LedgerAnswer, LedgerRequest } from './request.ts';
import type { IdempotencyKey, KeyName, StoredWallet, WalletChange } from './wallet.store.ts';

/** What a batch comes to: an answer for each request, and all that has to be written. */
interface DecidedBatch {
  readonly answers: LedgerAnswer[];
  readonly changes: WalletChange[];
  readonly newKeys: IdempotencyKey[];
  /** Rows by the name of their writer. */
  readonly attachments: Map<string, unknown[]>;
}

/** Decides every command of a batch in the order of arrival; pure. */
export function decideBatch(
  requests: readonly LedgerRequest[],
  stored: ReadonlyMap<AccountId, StoredWallet>,
  storedKeys: readonly IdempotencyKey[],
  now: Instant,
): DecidedBatch {
  const keys = new Map(storedKeys.map((key) => [nameOf(key), key]));
  const wallets = new Map<AccountId, WalletInBatch>();
  for (const [accountId, wallet] of stored) wallets.set(accountId, new WalletInBatch(wallet, now));
  const newKeys: IdempotencyKey[] = [];
  const attachments = new Map<string, unknown[]>();

  const answers = requests.map(({ accountId, command, key, attach }): LedgerAnswer => {
    const known = key === undefined ? undefined : keys.get(nameOf(key));
    if (key !== undefined && known !== undefined) {
      return known.requestHash.equals(key.requestHash)
        ? { kind: 'replayed', subjectId: known.subjectId }
        : { kind: 'conflict' };
    }
    const wallet = wallets.get(accountId);
    if (wallet === undefined) return { kind: 'no-wallet' };
    const applied = wallet.apply(command);
    if (!applied.ok) return { kind: 'refused', refusal: applied.refusal };

    if (key !== undefined) {
      keys.set(nameOf(key), key);
      newKeys.push(key);
    }
    const at = applied.state.lastInstant;
    if (attach !== undefined && !applied.repeated) {
      for (const { writer, row } of attach(applied.effect, at)) {
        const rows = attachments.get(writer);
        if (rows === undefined) attachments.set(writer, [row]);
        else rows.push(row);
      }
    }
    return { kind: 'applied', effect: applied.effect, at };
  });

  const changes = [...wallets.values()].flatMap((wallet) => wallet.change() ?? []);
  return { answers, changes, newKeys, attachments };
}

/** One text for the name of a key. */
export const nameOf = ({ accountId, mutation, key }: KeyName): string => `${accountId} ${mutation} ${key}`;

/**
 * One wallet while a batch is decided. The core gets, of all holds that the batch makes or names, those alone that a
 * command needs: it copies what it changes, and a copy of hundreds of holds for each of hundreds of commands is slow.
 */
class WalletInBatch {
  readonly #stored: StoredWallet;
  readonly #now: Instant;
  readonly #holds: Map<HoldId, Hold>;
  readonly #transfers: Transfer[] = [];
  /** Without its holds. */
  #state: WalletState;
  #due: readonly Hold[];
  #changed = false;

  constructor(stored: StoredWallet, now: Instant) {
    this.#stored = stored;
    this.#now = now;
    this.#state = stored.state;
    this.#holds = new Map(stored.state.holds);
    const at = instantFor(stored.state, now);
    this.#due = [...stored.state.holds.values()].filter((hold) => hold.status === 'OPEN' && hold.expiresAt <= at);
  }

  apply(command: Command): Applied {
    const needed = new Map(this.#due.map((hold) => [hold.id, hold]));
    const named = 'holdId' in command ? this.#holds.get(command.holdId) : undefined;
    if (named !== undefined) needed.set(named.id, named);
    const applied = apply({ ...this.#state, holds: needed }, command, this.#now);
    if (!applied.ok) return applied;
    for (const [id, hold] of applied.state.holds) this.#holds.set(id, hold);
    this.#transfers.push(...applied.transfers);
    this.#state = applied.state;
    // What fell due has been recorded, and nothing that the batch makes falls due at its own instant.
    this.#due = [];
    this.#changed = true;
    return applied;
  }

  /** What is to be written, with the new transfers in their chain; null when every command was refused. */
  change(): WalletChange | null {
    if (!this.#changed) return null;
    const state = { ...this.#state, holds: this.#holds };
    let { headHash } = this.#stored;
    const transfers = this.#transfers.map((transfer) => {
      headHash = transferHash(headHash, state.accountId, transfer);
      return { transfer, hash: headHash };
    });
    return { before: this.#stored, after: { state, headHash, updatedAt: this.#now }, transfers };
  }
}
