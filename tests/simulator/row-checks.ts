import { must, mustEqual } from './invariant.ts';
import type { ClawbackRow, GenerationRow, GrantRow, HoldRow, NoteRow, Rows, TransferRow, WalletRow } from './rows.ts';

type Places = Record<string, number>;

/** What the journal says of a hold so far. */
interface HoldStory {
  held: number;
  captured: number;
  refunded: number;
  /** When it took its credits, the last time. */
  takenAt: number;
  /** Whose credits, in the order in which they were taken the last time. */
  funding: readonly string[];
}

/** Of a grant that was moved in a step, only the model knows between which of its transfers that was. */
type Expiry = number | null | 'unknown' | 'moved';

interface WalletStory {
  sequence: number;
  available: number;
  occurredAt: number;
  recordedAt: number;
  readonly places: Places;
}

const names = {
  addsUp: 'G10 every grant and wallet adds up and is what its journal says',
  order: 'G40 history has one order without gaps',
  notSpent: 'G08 an expired grant is not spent',
  home: 'G09 what comes back goes where it came from, in reverse order, and stays expired',
  once: 'G05 a hold is settled once',
  within: 'G06 a capture never exceeds its hold',
  lapsed: 'G07 a lapsed hold is not captured for free',
  charged: 'G20 a charge is for a result, and only for that',
  debt: 'What was taken back is what was there and what is owed',
  written: 'A generation, its hold and its job are written together',
} as const;

/** Checks the rows by themselves, with nothing of the product's code: transfer by transfer, then table by table. */
export class RowChecks {
  readonly #wallets = new Map<string, WalletStory>();
  readonly #grants = new Map<string, Places>();
  readonly #holds = new Map<string, HoldStory>();
  readonly #voided = new Set<string>();
  /** When each grant expires, as far as the journal has been read. */
  readonly #expiries = new Map<string, Expiry>();
  readonly #priceOf: (modelId: string) => number;
  readonly #saidSucceeded: (generationId: string) => boolean;

  constructor(priceOf: (modelId: string) => number, saidSucceeded: (generationId: string) => boolean) {
    this.#priceOf = priceOf;
    this.#saidSucceeded = saidSucceeded;
  }

  /** How far each wallet's journal has been read. */
  get heads(): ReadonlyMap<string, number> {
    return new Map([...this.#wallets].map(([id, { sequence }]) => [id, sequence]));
  }

  check(rows: Rows): void {
    const grants = new Map(rows.grants.map((grant) => [grant.id, grant]));
    const holds = new Map(rows.holds.map((hold) => [hold.id, hold]));
    const clawbacks = new Map(rows.clawbacks.map((clawback) => [clawback.grant_id, clawback]));
    for (const grant of rows.grants) this.#learnExpiry(grant, rows.newTransfers);
    const moved = new Set(rows.newNotes.flatMap((note) => (movesEnds(note) ? note.grant_ids : [])));
    for (const id of moved) this.#expiries.set(id, 'moved');
    for (const transfer of rows.newTransfers) this.#follow(transfer, grants, holds, clawbacks);
    for (const grant of rows.grants) {
      if (moved.has(grant.id)) this.#expiries.set(grant.id, grant.expires_at);
      mustBeKnown(grant, this.#expiries.get(grant.id));
    }
    for (const clawback of rows.clawbacks) this.#checkClawback(clawback, grants.get(clawback.grant_id));
    for (const wallet of rows.wallets) this.#checkWallet(wallet, rows);
    for (const grant of rows.grants) this.#checkGrant(grant);
    for (const hold of rows.holds) this.#checkHold(hold);
    this.#checkGenerations(rows, holds);
  }

  /** Of a new grant; of one that was revived in the step in which it was made, it is known only afterwards. */
  #learnExpiry({ id, expires_at: expiresAt }: GrantRow, transfers: readonly TransferRow[]): void {
    if (this.#expiries.has(id)) return;
    const isRevived = transfers.some(
      (transfer) => revives(transfer, id) && transfer.recorded_at + revivalMs === expiresAt,
    );
    this.#expiries.set(id, isRevived ? 'unknown' : expiresAt);
  }

  #follow(
    transfer: TransferRow,
    grants: ReadonlyMap<string, GrantRow>,
    holds: ReadonlyMap<string, HoldRow>,
    clawbacks: ReadonlyMap<string, ClawbackRow>,
  ): void {
    const wallet = this.#walletOf(transfer.account_id);
    const where = `transfer ${transfer.sequence} (${transfer.type}) of ${transfer.account_id}`;
    const { from_account: from, to_account: to, amount } = transfer;
    mustEqual(transfer.sequence, wallet.sequence + 1, names.order, where);
    const change = (to === 'AVAILABLE' ? amount : 0) - (from === 'AVAILABLE' ? amount : 0);
    mustEqual(transfer.available_after, wallet.available + change, names.order, `available after ${where}`);
    must(transfer.available_after >= 0, 'G03 available is never negative', () => where);
    must(
      transfer.occurred_at >= wallet.occurredAt && transfer.recorded_at >= wallet.recordedAt,
      names.order,
      () => `time runs back at ${where}`,
    );
    must(transfer.occurred_at <= transfer.recorded_at, names.order, () => `${where} was recorded before it happened`);
    mustEqual(total(transfer.grant_amounts), amount, names.addsUp, `the sum of the fundings of ${where}`);
    Object.assign(wallet, {
      sequence: transfer.sequence,
      available: transfer.available_after,
      occurredAt: transfer.occurred_at,
      recordedAt: transfer.recorded_at,
    });
    move(wallet.places, from, to, amount);
    for (const [index, grantId] of transfer.grant_ids.entries()) {
      const grant = grants.get(grantId);
      must(
        grant?.account_id === transfer.account_id,
        names.addsUp,
        () => `${where} names ${grantId}, which is not there`,
      );
      move(placesOf(this.#grants, grantId), from, to, transfer.grant_amounts[index] ?? 0);
      this.#checkInstant(transfer, grant, clawbacks.has(grantId), where);
    }
    if (transfer.type === 'VOID') for (const grantId of transfer.grant_ids) this.#voided.add(grantId);
    if (transfer.hold_id !== null) this.#followHold(transfer, holds, where);
  }

  /** Whether a grant may take part in a transfer at its instant. */
  #checkInstant(transfer: TransferRow, grant: GrantRow, isClawedBack: boolean, where: string): void {
    const { type, to_account: to, occurred_at: at } = transfer;
    const expiresAt = this.#expiries.get(grant.id) ?? null;
    if (expiresAt === 'moved') return;
    if (expiresAt === 'unknown') {
      if (revives(transfer, grant.id)) this.#expiries.set(grant.id, at + revivalMs);
      return;
    }
    const hasExpired = expiresAt !== null && expiresAt <= at;
    if (hasExpired && revives(transfer, grant.id)) this.#expiries.set(grant.id, at + revivalMs);
    if (type === 'HOLD' || type === 'DEBT_PAYMENT') {
      must(!hasExpired && grant.effective_at <= at, names.notSpent, () => `${where} spends ${grant.id}`);
    }
    if (type === 'EXPIRY') mustEqual(at, expiresAt, names.notSpent, `the instant of ${where}`);
    if (type === 'RELEASE' || type === 'REFUND') {
      // What a clawback waits for, or what is owed for, goes there first; how much that is, the model knows.
      if (isClawedBack && to === (type === 'RELEASE' ? 'REVOKED' : 'DEBT')) return;
      const home = this.#voided.has(grant.id) ? 'REVOKED' : hasExpired ? 'EXPIRED' : 'AVAILABLE';
      mustEqual(to, home, names.home, `where ${where} brings what is of ${grant.id}`);
    }
  }

  #followHold(transfer: TransferRow, holds: ReadonlyMap<string, HoldRow>, where: string): void {
    const id = transfer.hold_id ?? '';
    const row = holds.get(id);
    must(row !== undefined, names.once, () => `${where} names the hold ${id}, which is not there`);
    const story = this.#holds.get(id) ?? { held: 0, captured: 0, refunded: 0, takenAt: 0, funding: [] };
    this.#holds.set(id, story);
    const { amount, occurred_at: at } = transfer;
    switch (transfer.type) {
      case 'HOLD':
        must(story.held === 0 && story.captured === 0, names.once, () => `${where} holds again`);
        mustEqual(amount, row.amount, names.within, `what ${where} holds`);
        Object.assign(story, { held: amount, takenAt: at, funding: transfer.grant_ids });
        return;
      case 'CAPTURE':
        must(story.captured === 0, names.once, () => `${where} captures again`);
        must(amount <= story.held, names.within, () => `${where} captures more than is held`);
        must(at < row.expires_at || story.takenAt === at, names.lapsed, () => `${where} captures ${id}`);
        story.held -= amount;
        story.captured += amount;
        return;
      case 'RELEASE':
        must(amount <= story.held, names.once, () => `${where} releases more than is held`);
        must(at <= row.expires_at, names.lapsed, () => `${where} gives back what had lapsed before`);
        story.held -= amount;
        break;
      case 'REFUND':
        // From DEBT comes what other grants had paid of what is not owed any more.
        if (transfer.from_account === 'DEBT') return;
        must(amount <= story.captured - story.refunded, names.once, () => `${where} refunds more than was charged`);
        story.refunded += amount;
        break;
    }
    const reversed = [...story.funding].reverse().filter((grantId) => transfer.grant_ids.includes(grantId));
    mustEqual(transfer.grant_ids.join(), reversed.join(), names.home, `the order of ${where}`);
  }

  #checkWallet(wallet: WalletRow, rows: Rows): void {
    const where = `of ${wallet.account_id}`;
    const story = this.#walletOf(wallet.account_id);
    const ofGrants = (part: 'remaining' | 'held' | 'pending' | 'amount'): number =>
      sumOf(rows.grants, wallet.account_id, (grant) => grant[part]);
    mustEqual(wallet.sequence, story.sequence, names.order, `the newest transfer ${where}`);
    for (const [found, place, part, name] of [
      [wallet.available, 'AVAILABLE', 'remaining', 'available'],
      [wallet.held, 'HELD', 'held', 'held'],
      [wallet.pending, 'PENDING', 'pending', 'pending'],
    ] as const) {
      must(found >= 0, 'G03 available is never negative', () => `${name} ${where} is ${found}`);
      mustEqual(found, story.places[place] ?? 0, names.addsUp, `${name} ${where}`);
      mustEqual(found, ofGrants(part), names.addsUp, `${name} ${where}`);
    }
    must(wallet.debt >= 0, names.debt, () => `the debt ${where} is ${wallet.debt}`);
    mustEqual(wallet.debt, 0 - (story.places['DEBT'] ?? 0), names.addsUp, `the debt ${where}`);
    const unpaid = sumOf(rows.clawbacks, wallet.account_id, ({ owed, payer_amounts: paid }) => owed - total(paid));
    mustEqual(wallet.debt, unpaid, names.debt, `the debt ${where}`);
    mustEqual(wallet.issued, ofGrants('amount'), names.addsUp, `what was issued ${where}`);
    const open = sumOf(rows.holds, wallet.account_id, (hold) => (hold.status === 'OPEN' ? hold.amount : 0));
    mustEqual(wallet.held, open, names.addsUp, `what the open holds hold ${where}`);
  }

  #checkGrant(grant: GrantRow): void {
    const places = placesOf(this.#grants, grant.id);
    const parts = [grant.pending, grant.remaining, grant.held, grant.consumed, grant.expired, grant.revoked];
    const of = (place: string): number => places[place] ?? 0;
    // What paid a debt was spent, and what is owed for a grant was not.
    const consumed = of('CONSUMED') + of('DEBT');
    const journal = [of('PENDING'), of('AVAILABLE'), of('HELD'), consumed, of('EXPIRED'), of('REVOKED')];
    mustEqual(parts.join(), journal.join(), names.addsUp, `the parts of ${grant.id}`);
    mustEqual(total(parts), grant.amount, names.addsUp, `the sum of the parts of ${grant.id}`);
  }

  #checkClawback(clawback: ClawbackRow, grant: GrantRow | undefined): void {
    const { grant_id: id, account_id: accountId, taken, owed, payer_amounts: paid } = clawback;
    must(grant?.account_id === accountId, names.debt, () => `a clawback names ${id}, which is not there`);
    must(clawback.total <= grant.amount, names.debt, () => `more is taken back of ${id} than it had`);
    must(total(paid) <= owed, names.debt, () => `more was paid for ${id} than is owed`);
    must(taken >= 0 && taken + owed <= clawback.total, names.debt, () => `too much was taken back of ${id}`);
    must(taken + owed <= grant.revoked, names.debt, () => `of ${id} less is revoked than was taken back`);
    // Nothing is waited for but what is held, or is gone.
    const isThere = grant.pending + grant.remaining + grant.consumed > 0;
    must(taken + owed === clawback.total || !isThere, names.debt, () => `${id} has what its clawback waits for`);
  }

  #checkHold(hold: HoldRow): void {
    const story = this.#holds.get(hold.id);
    must(story !== undefined, names.once, () => `${hold.id} is not in the journal`);
    const wanted = {
      OPEN: [hold.amount, 0],
      CAPTURED: [0, hold.amount],
      RELEASED: [0, 0],
      LAPSED: [0, 0],
    }[hold.status];
    mustEqual(
      [story.held, story.captured].join(),
      wanted.join(),
      names.once,
      `what ${hold.id} (${hold.status}) holds and took`,
    );
    mustEqual(
      [story.captured, story.refunded].join(),
      [hold.captured, hold.refunded].join(),
      names.addsUp,
      `what was captured and refunded of ${hold.id}`,
    );
  }

  #checkGenerations({ generations, jobs, keys }: Rows, holds: ReadonlyMap<string, HoldRow>): void {
    const subjects = new Set(jobs.map(({ subject_id: subject }) => subject));
    const ids = new Set(generations.map(({ id }) => id));
    for (const id of holds.keys()) must(ids.has(id), names.written, () => `the hold ${id} has no generation`);
    for (const id of subjects) must(ids.has(id), names.written, () => `a job is there for ${id}, which is not`);
    for (const { mutation, subject_id: subject } of keys) {
      if (mutation === 'generate')
        must(ids.has(subject), names.written, () => `a key names ${subject}, which is not there`);
    }
    for (const generation of generations) this.#checkGeneration(generation, holds.get(generation.id), subjects);
  }

  #checkGeneration(generation: GenerationRow, hold: HoldRow | undefined, subjects: ReadonlySet<string>): void {
    const { id, status, credits } = generation;
    must(hold?.account_id === generation.account_id, names.written, () => `${id} has no hold`);
    mustEqual(hold.amount, credits, 'G17 the price charged is the price shown', `what is held for ${id}`);
    mustEqual(
      credits,
      this.#priceOf(generation.model_id),
      'G17 the price charged is the price shown',
      `the price of ${id}`,
    );
    const fitting = {
      QUEUED: ['OPEN', 'LAPSED'],
      RUNNING: ['OPEN', 'LAPSED'],
      SUCCEEDED: ['CAPTURED'],
      FAILED: ['RELEASED'],
      CANCELED: ['RELEASED'],
    }[status];
    must(fitting.includes(hold.status), names.charged, () => `${id} is ${status} and its hold is ${hold.status}`);
    mustEqual(generation.credits_charged, hold.captured, names.charged, `the charge of ${id}`);
    mustEqual(generation.credits_refunded, hold.refunded, names.charged, `the refund of ${id}`);
    if (status === 'SUCCEEDED') {
      must(this.#saidSucceeded(id), names.charged, () => `${id} succeeded, but not at its provider`);
    }
    const isUnderWay = status === 'QUEUED' || status === 'RUNNING';
    if (isUnderWay) must(subjects.has(id), names.written, () => `${id} is ${status} and has no job`);
  }

  #walletOf(accountId: string): WalletStory {
    const known = this.#wallets.get(accountId);
    if (known !== undefined) return known;
    const story: WalletStory = { sequence: 0, available: 0, occurredAt: 0, recordedAt: 0, places: {} };
    this.#wallets.set(accountId, story);
    return story;
  }
}

/** How long a grant lives on that gets credits back from a clawback after it has expired. */
const revivalMs = 30 * 86_400_000;

const revives = ({ type, to_account: to, grant_ids: ids }: TransferRow, grantId: string): boolean =>
  type === 'REINSTATEMENT' && to === 'AVAILABLE' && ids.includes(grantId);

/** What gives grants another end. */
const movesEnds = ({ kind }: NoteRow): boolean => kind === 'renew' || kind === 'reschedule';

/** A grant expires when it said at first that it would, when it was told to since, or when the journal says that it was revived. */
function mustBeKnown({ id, expires_at: expiresAt }: GrantRow, known: Expiry | undefined): void {
  mustEqual(expiresAt, typeof known === 'number' ? known : null, names.notSpent, `the end of ${id}`);
}

function placesOf(all: Map<string, Places>, grantId: string): Places {
  const known = all.get(grantId) ?? {};
  all.set(grantId, known);
  return known;
}

function move(places: Places, from: string, to: string, amount: number): void {
  places[from] = (places[from] ?? 0) - amount;
  places[to] = (places[to] ?? 0) + amount;
}

const total = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0);

const sumOf = <Row extends { readonly account_id: string }>(
  rows: readonly Row[],
  accountId: string,
  amountOf: (row: Row) => number,
): number => rows.reduce((sum, row) => sum + (row.account_id === accountId ? amountOf(row) : 0), 0);
