import { apply, instantFor } from './core/apply.ts';
import type { AccountId, Applied, Command, Hold, HoldId, Instant, Transfer, WalletState } from './core/types.ts';
import { transferHash } from './journal-hash.ts';
import type { LedgerAnswer, LedgerRequest, LedgerUnit, UnitAnswer } from './request.ts';
import type { IdempotencyKey, KeyName, StoredWallet, WalletChange } from './wallet.store.ts';

/** What a part of a batch comes to: the answers of each unit, and all that has to be written. */
export interface Decided {
  readonly answers: readonly (readonly UnitAnswer[])[];
  readonly changes: readonly WalletChange[];
  readonly newKeys: readonly IdempotencyKey[];
  /** Rows by the name of their writer. */
  readonly attachments: ReadonlyMap<string, readonly unknown[]>;
}

/** A batch under way: what was loaded for it, and what its commands have made of that so far. No I/O. */
export class Batch {
  readonly #wallets = new Map<AccountId, WalletInBatch>();
  readonly #keys: Map<string, IdempotencyKey>;
  readonly #now: Instant;

  constructor(stored: ReadonlyMap<AccountId, StoredWallet>, storedKeys: readonly IdempotencyKey[], now: Instant) {
    this.#now = now;
    for (const [accountId, wallet] of stored) this.#wallets.set(accountId, new WalletInBatch(wallet, now));
    this.#keys = new Map(storedKeys.map((key) => [nameOf(key), key]));
  }

  /** Decides the next units in the order of arrival. */
  decide(units: readonly LedgerUnit[]): Decided {
    const newKeys: IdempotencyKey[] = [];
    const attachments = new Map<string, unknown[]>();
    const touched = new Set<WalletInBatch>();
    const answer = ({ accountId, command, key, attach }: LedgerRequest): LedgerAnswer => {
      const known = key === undefined ? undefined : this.#keys.get(nameOf(key));
      if (key !== undefined && known !== undefined) {
        return known.requestHash.equals(key.requestHash)
          ? { kind: 'replayed', subjectId: known.subjectId }
          : { kind: 'conflict' };
      }
      const wallet = this.#wallets.get(accountId);
      if (wallet === undefined) return { kind: 'no-wallet' };
      const applied = wallet.apply(command);
      if (!applied.ok) return { kind: 'refused', refusal: applied.refusal };

      touched.add(wallet);
      if (key !== undefined) {
        this.#keys.set(nameOf(key), key);
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
      return { kind: 'applied', effect: applied.effect, repeated: applied.repeated, at };
    };
    const answers = units.map((unit) => this.#refusalOf(unit) ?? unit.requests.map(answer));
    return { answers, changes: [...touched].map((wallet) => wallet.takeChange()), newKeys, attachments };
  }

  /** The wallets of the batch as they are once all is written, with the holds that it knows. */
  wallets(): StoredWallet[] {
    return [...this.#wallets.values()].map((wallet) => wallet.known());
  }

  /** What a unit that wants all or none is answered when it cannot have all; null when it can. */
  #refusalOf(unit: LedgerUnit): UnitAnswer[] | null {
    if (!unit.allOrNone) return null;
    const rehearsal = new Batch(new Map(), [...this.#keys.values()], this.#now);
    const wallet = this.#wallets.get(unit.accountId);
    if (wallet !== undefined) rehearsal.#wallets.set(unit.accountId, wallet.copy());
    const [answers = []] = rehearsal.decide([{ ...unit, allOrNone: false }]).answers;
    if (answers.every(({ kind }) => kind === 'applied' || kind === 'replayed')) return null;
    return answers.map((answer) => (answer.kind === 'applied' ? { kind: 'withheld' } : answer));
  }
}

/** One text for the name of a key. */
export const nameOf = ({ accountId, mutation, key }: KeyName): string => `${accountId} ${mutation} ${key}`;

/**
 * One wallet while a batch is decided. The core gets, of all holds that the batch makes or names, those alone that a
 * command needs: it copies what it changes, and a copy of hundreds of holds for each of hundreds of commands is slow.
 */
class WalletInBatch {
  readonly #now: Instant;
  #holds: Map<HoldId, Hold>;
  /** As it is written, or about to be. */
  #written: StoredWallet;
  /** Without its holds. */
  #state: WalletState;
  #due: readonly Hold[];
  #transfers: Transfer[] = [];
  /** What the holds that have changed since were before; undefined are new ones. */
  #oldHolds = new Map<HoldId, Hold | undefined>();

  constructor(stored: StoredWallet, now: Instant) {
    this.#now = now;
    this.#written = stored;
    this.#state = stored.state;
    this.#holds = new Map(stored.state.holds);
    const at = instantFor(stored.state, now);
    this.#due = [...stored.state.holds.values()].filter((hold) => hold.status === 'OPEN' && hold.expiresAt <= at);
  }

  /** Another one as it is now, to try something on. */
  copy(): WalletInBatch {
    const copy = new WalletInBatch(this.#written, this.#now);
    copy.#holds = new Map(this.#holds);
    copy.#state = this.#state;
    copy.#due = this.#due;
    return copy;
  }

  apply(command: Command): Applied {
    const needed = new Map(this.#due.map((hold) => [hold.id, hold]));
    const named = 'holdId' in command ? this.#holds.get(command.holdId) : undefined;
    if (named !== undefined) needed.set(named.id, named);
    const applied = apply({ ...this.#state, holds: needed }, command, this.#now);
    if (!applied.ok) return applied;
    for (const [id, hold] of applied.state.holds) this.#putHold(id, hold);
    this.#transfers.push(...applied.transfers);
    this.#state = applied.state;
    // What fell due has been recorded, and nothing that the batch makes falls due at its own instant.
    this.#due = [];
    return applied;
  }

  #putHold(id: HoldId, hold: Hold): void {
    const before = this.#holds.get(id);
    if (before === hold) return;
    if (!this.#oldHolds.has(id)) this.#oldHolds.set(id, before);
    this.#holds.set(id, hold);
  }

  /** As it is once all is written, with every hold that was loaded or made. */
  known(): StoredWallet {
    return { ...this.#written, state: { ...this.#state, holds: this.#holds } };
  }

  /** What has to be written since this was asked before, with the new transfers in their chain. */
  takeChange(): WalletChange {
    const oldHolds = new Map<HoldId, Hold>();
    const newHolds = new Map<HoldId, Hold>();
    for (const [id, before] of this.#oldHolds) {
      const after = this.#holds.get(id);
      if (before !== undefined) oldHolds.set(id, before);
      if (after !== undefined) newHolds.set(id, after);
    }
    let { headHash, nextLapseAt } = this.#written;
    for (const { status, expiresAt } of newHolds.values()) {
      if (status === 'OPEN' && (nextLapseAt === null || expiresAt < nextLapseAt)) nextLapseAt = expiresAt;
    }
    const transfers = this.#transfers.map((transfer) => {
      headHash = transferHash(headHash, this.#state.accountId, transfer);
      return { transfer, hash: headHash };
    });
    const before: StoredWallet = { ...this.#written, state: { ...this.#written.state, holds: oldHolds } };
    const after: StoredWallet = {
      state: { ...this.#state, holds: newHolds },
      revision: before.revision + 1,
      headHash,
      updatedAt: this.#now,
      nextLapseAt,
    };
    this.#written = after;
    this.#transfers = [];
    this.#oldHolds = new Map();
    return { before, after, transfers };
  }
}
