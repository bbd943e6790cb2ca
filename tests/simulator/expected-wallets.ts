import type { Command, Instant } from '../../src/ledger/core/types.ts';
import {
  emptyReference,
  type Move,
  type ReferenceWallet,
  referenceAt,
  referenceStep,
} from '../ledger/core/reference.ts';
import { must, mustEqual } from './invariant.ts';
import { type EffectiveCommand, type Facts, JournalReader } from './journal-reader.ts';
import type { Rows, TransferRow } from './rows.ts';

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

/** The model knows no milliseconds, only the order of instants: each stands for its place among all of a wallet. */
class Ranks {
  readonly #ranks: ReadonlyMap<number, number>;
  readonly #instants: readonly number[];

  constructor(instants: Iterable<number>) {
    this.#instants = [...new Set(instants)].sort((left, right) => left - right);
    this.#ranks = new Map(this.#instants.map((instant, index) => [instant, index + 1]));
  }

  get last(): number {
    return this.#instants.length;
  }

  of(instant: number): Instant {
    const rank = this.#ranks.get(instant);
    if (rank === undefined) throw new Error(`The instant ${instant} was not ranked.`);
    return rank as Instant; // To the model it is one.
  }

  instantOf(rank: number): number {
    return this.#instants[rank - 1] ?? 0;
  }
}

class ModelRun {
  readonly #entries: readonly Entry[];
  readonly #transfers: readonly TransferRow[];
  readonly #ranks: Ranks;
  /** What the model moved and the journal did not, or the other way round. */
  readonly #difference = new Map<string, number>();
  #wallet: ReferenceWallet = emptyReference;
  #compared = 0;

  constructor(entries: readonly Entry[], transfers: readonly TransferRow[]) {
    this.#entries = entries;
    this.#transfers = transfers;
    this.#ranks = new Ranks([
      ...entries.flatMap(instantsOf),
      ...transfers.flatMap(({ occurred_at: occurred, recorded_at: recorded }) => [occurred, recorded]),
    ]);
  }

  run(): void {
    for (const entry of this.#entries) {
      if (entry.kind === 'observation') this.#compareObservation(entry);
      else if (entry.kind === 'refusal') this.#compareRefusal(entry);
      else this.#perform(entry);
    }
    const last = this.#transfers.at(-1);
    if (last === undefined) return;
    const { moves, wallet } = referenceStep(this.#wallet, { kind: 'expire' }, this.#ranks.of(last.recorded_at));
    this.#wallet = wallet;
    this.#compareMoves(moves, last.sequence, 'the end');
  }

  checkGrants({ grants }: Rows): void {
    const counts = countPlaces(this.#wallet);
    for (const id of this.#wallet.grants.keys()) {
      const grant = grants.find((row) => row.id === id);
      must(grant !== undefined, names.journal, () => `${id} is not there`);
      const found = [grant.pending, grant.remaining, grant.held, grant.consumed, grant.expired, grant.revoked];
      const wanted = ['PENDING', 'AVAILABLE', 'HELD', 'CONSUMED', 'EXPIRED', 'REVOKED'].map(
        (place) => counts.get(`${id} ${place}`) ?? 0,
      );
      mustEqual(found.join(), wanted.join(), names.journal, `the parts of ${id}`);
    }
  }

  #perform(entry: EffectiveCommand): void {
    const what = `step ${entry.step}: ${JSON.stringify(entry.command)} at ${when(entry.at)}`;
    const { wallet, moves, refusal } = referenceStep(this.#wallet, this.#ranked(entry), this.#ranks.of(entry.at));
    must(refusal === null, names.journal, () => `${what} took effect; the model refuses it, ${refusal}`);
    this.#wallet = wallet;
    this.#compareMoves(moves, entry.lastSequence, what);
  }

  /** The command with ranks in place of instants. */
  #ranked({ command, at, expiresAt }: EffectiveCommand): Command {
    const ranks = this.#ranks;
    switch (command.kind) {
      case 'grant':
        return {
          ...command,
          effectiveAt: command.effectiveAt === null ? null : ranks.of(command.effectiveAt),
          expiresAt: command.expiresAt === null ? null : ranks.of(command.expiresAt),
        };
      case 'hold':
      case 'extend':
        return { ...command, lifetimeMs: ranks.of(expiresAt ?? at) - ranks.of(at) };
      default:
        return command;
    }
  }

  /** Compares all that moved up to a transfer; a null waits for the next one. */
  #compareMoves(moves: readonly Move[], lastSequence: number | null, what: string): void {
    for (const { at, grantId, from, to } of moves) {
      this.#count(this.#ranks.instantOf(at), grantId, from, to, 1);
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
    for (const { place } of referenceAt(this.#wallet, this.#ranks.of(told.at)).credits) {
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    for (const place of ['AVAILABLE', 'HELD', 'PENDING'] as const) {
      mustEqual(
        told[place],
        counts.get(place) ?? 0,
        names.reader,
        `${place} of ${told.accountId} in step ${told.step} at ${when(told.at)}`,
      );
    }
  }

  #compareRefusal({ at, amount, step }: Refused): void {
    const { credits } = referenceAt(this.#wallet, this.#ranks.of(at));
    const available = credits.filter(({ place }) => place === 'AVAILABLE').length;
    must(available < amount, names.refusal, () => `step ${step}: ${amount} of ${available} were refused`);
  }
}

function instantsOf(entry: Entry): number[] {
  if (entry.kind !== 'command') return [entry.at];
  const { at, command, expiresAt } = entry;
  const own = command.kind === 'grant' ? [command.effectiveAt, command.expiresAt] : [];
  return [at, expiresAt, ...own].filter((instant) => instant !== null);
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
