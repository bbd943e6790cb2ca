import type { GrantId } from '../../src/ledger/core/types.ts';
import {
  emptyReference,
  type Move,
  type Place,
  type ReferenceWallet,
  referenceAt,
  referenceStep,
} from '../ledger/core/reference.ts';
import { must, mustEqual } from './invariant.ts';
import { type EffectiveCommand, type Facts, JournalReader } from './journal-reader.ts';
import type { ClawbackRow, Rows, TransferRow } from './rows.ts';

const names = {
  journal: 'The journal is what a simple model makes of the same commands',
  reader: 'G07 G08 what is past its instant is past for every reader',
  refusal: 'G03 a hold is refused when too little is available, and only then',
} as const;

/** What a reader was told, when nothing else was under way. */
interface Observation {
  readonly kind: 'observation';
  readonly accountId: string;
  readonly step: number;
  readonly at: number;
  /** What it saw in each place. */
  readonly AVAILABLE: number;
  readonly HELD: number;
  readonly PENDING: number;
  /** What it owes and nobody has paid. */
  readonly DEBT: number;
}

/** A hold that was refused, when nothing else was under way. */
interface Refused {
  readonly kind: 'refusal';
  readonly accountId: string;
  readonly step: number;
  readonly at: number;
  readonly amount: number;
}

type Entry = EffectiveCommand | Observation | Refused;

/**
 * What the wallets must be, by a model that keeps a row for each single credit and shares no code with the product. It
 * is fed with the commands that took effect, in the order of the journal, as their clients gave them; what falls due
 * it finds by itself.
 */
export class ExpectedWallets {
  readonly #reader: JournalReader;
  readonly #entries = new Map<string, Entry[]>();
  readonly #transfers = new Map<string, TransferRow[]>();

  constructor(facts: Facts) {
    this.#reader = new JournalReader(facts);
  }

  /** Takes in what came of a step. */
  follow(rows: Rows, step: number): void {
    for (const transfer of rows.newTransfers) listOf(this.#transfers, transfer.account_id).push(transfer);
    for (const command of this.#reader.read(rows, step)) this.note(command);
  }

  /** Takes in what was seen right after the step that was followed last. */
  note(entry: Entry): void {
    listOf(this.#entries, entry.accountId).push(entry);
  }

  /** Runs the model over all that happened and compares; by now all that was due has been recorded. */
  check(rows: Rows): void {
    for (const [accountId, entries] of this.#entries) {
      const model = new ModelRun(entries, this.#transfers.get(accountId) ?? []);
      model.run();
      model.checkGrants(rows);
    }
  }
}

class ModelRun {
  readonly #entries: readonly Entry[];
  readonly #transfers: readonly TransferRow[];
  /** What the model moved and the journal did not, or the other way round. */
  readonly #difference = new Map<string, number>();
  #wallet: ReferenceWallet = emptyReference;
  #compared = 0;

  constructor(entries: readonly Entry[], transfers: readonly TransferRow[]) {
    this.#entries = entries;
    this.#transfers = transfers;
  }

  run(): void {
    for (const entry of this.#entries) {
      if (entry.kind === 'observation') this.#compareObservation(entry);
      else if (entry.kind === 'refusal') this.#compareRefusal(entry);
      else this.#perform(entry);
    }
    const last = this.#transfers.at(-1);
    if (last === undefined) return;
    const { moves, wallet } = referenceStep(this.#wallet, { kind: 'expire' }, last.recorded_at);
    this.#wallet = wallet;
    this.#compareMoves(moves, last.sequence, 'the end');
  }

  checkGrants({ grants, clawbacks }: Rows): void {
    const counts = countPlaces(this.#wallet);
    for (const [id, { expiresAt, voided }] of this.#wallet.grants) {
      const grant = grants.find((row) => row.id === id);
      must(grant !== undefined, names.journal, () => `${id} is not there`);
      const found = [grant.pending, grant.remaining, grant.held, grant.consumed, grant.expired, grant.revoked];
      const count = (place: Place): number => counts.get(`${id} ${place}`) ?? 0;
      const wanted = [
        ...(['PENDING', 'AVAILABLE', 'HELD', 'CONSUMED', 'EXPIRED'] as const).map(count),
        count('REVOKED') + count('TAKEN') + count('OWED'),
      ];
      mustEqual(found.join(), wanted.join(), names.journal, `the parts of ${id}`);
      mustEqual(grant.expires_at ?? Number.POSITIVE_INFINITY, expiresAt, names.journal, `the end of ${id}`);
      mustEqual(grant.voided_at !== null, voided, names.journal, `whether ${id} is withdrawn`);
      this.#checkClawback(id, clawbacks, count);
    }
  }

  #checkClawback(id: GrantId, clawbacks: readonly ClawbackRow[], count: (place: Place) => number): void {
    const row = clawbacks.find(({ grant_id: grantId }) => grantId === id);
    const { clawback } = this.#wallet.grants.get(id) ?? { clawback: null };
    mustEqual(row?.total ?? null, clawback?.total ?? null, names.journal, `what is taken back of ${id}`);
    if (row === undefined) return;
    mustEqual(row.owed, count('OWED'), names.journal, `what is owed for ${id}`);
    // What a grant that was withdrawn by hand gets back goes on being withdrawn.
    mustEqual(row.taken, count('TAKEN'), names.journal, `what was taken of ${id}`);
    const payers = new Map<string, number>();
    for (const { grantId, paid } of this.#wallet.credits) {
      if (grantId === id && paid !== null) payers.set(paid.by, (payers.get(paid.by) ?? 0) + 1);
    }
    const found = new Map<string, number>();
    for (const [index, payer] of row.payer_ids.entries()) {
      found.set(payer, (found.get(payer) ?? 0) + (row.payer_amounts[index] ?? 0));
    }
    mustEqual([...found].sort().join(), [...payers].sort().join(), names.journal, `who paid for ${id}`);
  }

  #perform(entry: EffectiveCommand): void {
    const what = `step ${entry.step}: ${JSON.stringify(entry.command)} at ${when(entry.at)}`;
    const { wallet, moves, refusal } = referenceStep(this.#wallet, entry.command, entry.at);
    must(refusal === null, names.journal, () => `${what} took effect; the model refuses it, ${refusal}`);
    this.#wallet = wallet;
    this.#compareMoves(moves, entry.lastSequence, what);
  }

  /** Compares all that moved up to a transfer; a null waits for the next one. */
  #compareMoves(moves: readonly Move[], lastSequence: number | null, what: string): void {
    for (const { at, grantId, from, to } of moves) {
      this.#count(at, grantId, from, to, 1);
    }
    if (lastSequence === null) return;
    for (const transfer of this.#transfers.slice(this.#compared, lastSequence)) {
      for (const [index, grantId] of transfer.grant_ids.entries()) {
        const { occurred_at: at, from_account: from, to_account: to } = transfer;
        this.#count(at, grantId, from, to, -(transfer.grant_amounts[index] ?? 0));
      }
    }
    this.#compared = lastSequence;
    must(this.#difference.size === 0, names.journal, () => {
      const lines = [...this.#difference].map(
        ([move, amount]) => `${move}: ${Math.abs(amount)} more in the ${amount > 0 ? 'model' : 'journal'}`,
      );
      return `up to transfer ${lastSequence}, ${what}: ${lines.join('; ')}`;
    });
  }

  #count(at: number, grantId: string, from: string, to: string, amount: number): void {
    const move = `${when(at)} ${grantId} ${from} to ${to}`;
    const sum = (this.#difference.get(move) ?? 0) + amount;
    if (sum === 0) this.#difference.delete(move);
    else this.#difference.set(move, sum);
  }

  #compareObservation(told: Observation): void {
    const counts = new Map<string, number>();
    for (const { place, paid } of referenceAt(this.#wallet, told.at).credits) {
      const seen = place === 'OWED' && paid === null ? 'DEBT' : place;
      counts.set(seen, (counts.get(seen) ?? 0) + 1);
    }
    for (const place of ['AVAILABLE', 'HELD', 'PENDING', 'DEBT'] as const) {
      mustEqual(
        told[place],
        counts.get(place) ?? 0,
        names.reader,
        `${place} of ${told.accountId} in step ${told.step} at ${when(told.at)}`,
      );
    }
  }

  #compareRefusal({ at, amount, step }: Refused): void {
    const { credits } = referenceAt(this.#wallet, at);
    const available = credits.filter(({ place }) => place === 'AVAILABLE').length;
    must(available < amount, names.refusal, () => `step ${step}: ${amount} of ${available} were refused`);
  }
}

function countPlaces({ credits }: ReferenceWallet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { grantId, place } of credits) {
    const key = `${grantId} ${place}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function listOf<Item>(lists: Map<string, Item[]>, key: string): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

const when = (instant: number): string => new Date(instant).toISOString();
