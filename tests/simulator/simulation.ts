import { createHash } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { ExpectedError } from '../../src/errors.ts';
import type { GenerationId } from '../../src/generation/index.ts';
import { type AccountId, createHistory } from '../../src/ledger/index.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { digestTables } from '../support/table-digest.ts';
import { emptyDatabase } from './empty-database.ts';
import { ExpectedWallets } from './expected-wallets.ts';
import { InvariantBroken, must, mustEqual } from './invariant.ts';
import type { Process } from './process.ts';
import {
  type AcknowledgedClawback,
  type AcknowledgedReschedule,
  goesToLedger,
  type Request,
  Requests,
} from './requests.ts';
import { RowChecks } from './row-checks.ts';
import { type NoteRow, readRows, type Rows, type TransferRow } from './rows.ts';
import { administratorId } from './service.ts';
import { dearestModel, Wishes } from './wishes.ts';
import { World } from './world.ts';

export interface SimulationResult {
  /** SHA-256 over all rows of all tables at the end. */
  readonly hash: string;
  readonly requests: number;
  readonly generations: number;
  readonly transfers: number;
  readonly deaths: number;
  readonly lostAnswers: number;
}

/** A run that found something: where, and what its actors did last. */
export class SimulationFailed extends Error {
  override readonly name = 'SimulationFailed';
  readonly seed: number;
  readonly invariant: string;

  constructor(seed: number, steps: number, { step, lines }: World, error: unknown) {
    const isBroken = error instanceof InvariantBroken;
    const what = isBroken ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    const done = lines.slice(-25).map((line) => `  ${line}`);
    const replay = `Replay: npm run sim -- --seed ${seed} --steps ${steps}`;
    super([`Seed ${seed}, step ${step}: ${what}`, 'What was done last:', ...done, replay].join('\n'), { cause: error });
    this.seed = seed;
    this.invariant = isBroken ? error.invariant : 'A simulation runs to its end';
  }
}

/** Runs the service on an empty database through all that a seed has in store. Throws {@link SimulationFailed}. */
export async function simulate(pglite: PGlite, seed: number, steps: number): Promise<SimulationResult> {
  const world = new World(pglite, seed);
  try {
    await emptyDatabase(pglite);
    const simulation = await Simulation.begin(world);
    for (world.step = 1; world.step <= steps; world.step += 1) await simulation.takeStep();
    return await simulation.end();
  } catch (error) {
    throw new SimulationFailed(seed, steps, world, error);
  }
}

const minuteMs = 60_000;
/** All that is under way ends within this time once the provider answers: a lease, an orphan's wait, a long poll. */
const longestEndMs = 60 * minuteMs;

class Simulation {
  readonly #world: World;
  readonly #requests: Requests;
  readonly #accounts: readonly AccountId[];
  readonly #wishes: Wishes;
  readonly #checks: RowChecks;
  readonly #expected: ExpectedWallets;
  readonly #transfers: TransferRow[] = [];
  readonly #notes: NoteRow[] = [];
  /** Generations whose owners were told that they are cancelled. */
  readonly #cancelled = new Set<string>();
  #lastNote = 0;
  #rows: Rows = {
    wallets: [],
    grants: [],
    holds: [],
    clawbacks: [],
    newTransfers: [],
    newNotes: [],
    generations: [],
    jobs: [],
    keys: [],
  };

  private constructor(world: World, accounts: readonly AccountId[]) {
    this.#world = world;
    this.#accounts = accounts;
    this.#requests = new Requests((line) => world.tell(line));
    this.#wishes = new Wishes(world.chance, accounts, () => world.clock.now());
    const snapshot = this.#anyProcess().service.catalog.snapshot();
    const priceOf = (modelId: string): number => snapshot.modelById.get(modelId)?.credits ?? 0;
    this.#checks = new RowChecks(priceOf, (generationId) => world.provider.saidSucceeded(generationId));
    this.#expected = new ExpectedWallets({
      requestNamed: (name) => this.#requests.find(name),
      priceOf,
      holdLifetimeMs: snapshot.holdMinutes * minuteMs,
      welcomeCredits: snapshot.planByCode.get('free')?.welcomeCredits ?? 0,
    });
  }

  /** The first start, and the accounts. */
  static async begin(world: World): Promise<Simulation> {
    for (const process of world.processes) await process.start();
    const [first] = world.processes;
    if (first === undefined) throw new Error('A world has a process.');
    const accounts: AccountId[] = [];
    for (const name of ['Ada', 'Ben', 'Cleo']) {
      const { account } = await first.service.accounts.create({ name, idempotencyKey: null }, administratorId);
      accounts.push(account.id);
    }
    const simulation = new Simulation(world, accounts);
    await simulation.#look();
    return simulation;
  }

  /** A burst of commands at once, then a look at what came of it, then time moves on. */
  async takeStep(): Promise<void> {
    const world = this.#world;
    const { chance } = world;
    world.isCalm = false;
    for (const process of world.processes) {
      if (!process.isUp && (chance.oneIn(2) || world.upProcesses.length === 0)) await process.start();
    }
    await this.#haveOneUp();
    const actions = Array.from({ length: chance.between(1, 5) }, () => this.#act());
    await Promise.all(actions.flat());
    world.isCalm = true;
    await this.#look();
    await this.#haveOneUp();
    if (chance.oneIn(2)) await this.#observe();
    if (chance.oneIn(8)) await this.#probe();
    world.moveOn();
  }

  /** Lets everything come to its end, and checks all of it. */
  async end(): Promise<SimulationResult> {
    const world = this.#world;
    world.isCalm = true;
    world.provider.becomeReliable();
    for (const process of world.processes) if (!process.isUp) await process.start();
    await this.#retryAll();
    await this.#finishAll();
    await this.#observe();
    for (const process of world.processes) await process.service.ledger.sweep(1_000);
    await this.#look();
    return this.#checkEnd();
  }

  /** Somebody has to be there to ask. */
  async #haveOneUp(): Promise<void> {
    if (this.#world.upProcesses.length === 0) await this.#world.calmly(() => this.#anyProcess().start());
  }

  #anyProcess(): Process {
    const { chance, processes, upProcesses } = this.#world;
    return chance.pick(upProcesses.length > 0 ? upProcesses : processes);
  }

  // -------------------------------------------------------------- what actors do

  #act(): Promise<void>[] {
    const { chance } = this.#world;
    const luck = chance.below(100);
    if (luck < 46) return this.#askForSomething();
    if (luck < 55) return this.#askAgain();
    if (luck < 59) return this.#askOtherwise();
    if (luck < 67) return this.#cancel();
    if (luck < 70) return [this.#watched('sweeps', ({ service }) => service.ledger.sweep(chance.between(1, 3)))];
    return [this.#watched('runs jobs', ({ service }) => service.jobs.runDue())];
  }

  /** Something new, sometimes several times at once. */
  #askForSomething(): Promise<void>[] {
    const { chance } = this.#world;
    const wish = this.#wishes.next(this.#rows);
    // Grants and refunds need a key, and so does whoever wants to ask twice.
    const needsKey = wish.kind === 'grant' || wish.kind === 'refund';
    const hasKey = needsKey || (!goesToLedger(wish) && !chance.oneIn(5));
    const key = hasKey ? this.#newKey() : null;
    const request = this.#requests.add(wish, key);
    const mayRepeat = key !== null || goesToLedger(wish);
    const copies = mayRepeat && chance.oneIn(3) ? chance.between(2, 4) : 1;
    return Array.from({ length: copies }, () => this.#send(request));
  }

  /** Sometimes a key that an earlier request has; of another owner or mutation it is another key. */
  #newKey(): string {
    const { chance } = this.#world;
    const { all } = this.#requests;
    const number = chance.oneIn(12) && all.length > 0 ? chance.pick(all).key : null;
    return number ?? `key ${all.length + 1}`;
  }

  /** Those whose end is unknown ask again, and some who know it. */
  #askAgain(): Promise<void>[] {
    const { chance } = this.#world;
    const keyed = this.#requests.repeatable;
    const open = keyed.filter(({ unknown }) => unknown > 0);
    const candidates = open.length > 0 && !chance.oneIn(3) ? open : keyed;
    return candidates.length === 0 ? [] : [this.#send(chance.pick(candidates.slice(-12)))];
  }

  /** The same key with another input. */
  #askOtherwise(): Promise<void>[] {
    const keyed = this.#requests.all.filter(({ key }) => key !== null);
    if (keyed.length === 0) return [];
    const original = this.#world.chance.pick(keyed.slice(-12));
    const wish = this.#wishes.another(original, this.#rows);
    return wish === null ? [] : [this.#send(this.#requests.add(wish, original.key))];
  }

  #send(request: Request): Promise<void> {
    const process = this.#anyProcess();
    return this.#requests.attempt(request, process.service, process.name, process.watch());
  }

  #cancel(): Promise<void>[] {
    const { generations } = this.#rows;
    if (generations.length === 0) return [];
    const { id, account_id: owner } = this.#world.chance.pick(generations.slice(-10));
    return [
      this.#watched(`cancels ${id}`, async ({ service }) => {
        // Ids of the tables' own.
        const { status } = await service.generations.cancel(id as GenerationId, owner as AccountId);
        mustEqual(status, 'CANCELED', 'G05 a hold is settled once', `the status of ${id} after its cancellation`);
        this.#cancelled.add(id);
      }),
    ];
  }

  /** Has a process do something that may be refused, and that fails only with its connection. */
  async #watched(what: string, work: (process: Process) => Promise<unknown>): Promise<void> {
    const process = this.#anyProcess();
    const hadTrouble = process.watch();
    this.#world.tell(`${process.name} ${what}`);
    try {
      await work(process);
    } catch (error) {
      if (error instanceof InvariantBroken) throw error;
      must(
        error instanceof ExpectedError || hadTrouble(),
        'A command is answered unless its connection broke',
        () => `${process.name} ${what}: ${String(error)}`,
      );
    }
  }

  // -------------------------------------------------------------- what is checked

  /** Waits until all is quiet, reads the tables and checks them. */
  async #look(): Promise<void> {
    const world = this.#world;
    await world.settle();
    this.#rows = await readRows(world.pglite, this.#checks.heads, this.#lastNote);
    this.#checks.check(this.#rows);
    this.#expected.follow(this.#rows, world.step);
    this.#transfers.push(...this.#rows.newTransfers);
    this.#notes.push(...this.#rows.newNotes);
    this.#lastNote = Math.max(this.#lastNote, ...this.#rows.newNotes.map(({ number }) => number));
    world.due = [
      ...this.#rows.grants.flatMap(({ effective_at: begins, expires_at: ends }) => [begins, ends ?? begins]),
      ...this.#rows.holds.flatMap(({ status, expires_at: ends }) => (status === 'OPEN' ? [ends] : [])),
      ...this.#rows.jobs.map(({ due_at: at }) => at),
    ];
  }

  /** Reads every wallet as a client does. */
  async #observe(): Promise<void> {
    const process = this.#anyProcess();
    const views = await Promise.all(this.#accounts.map((accountId) => process.service.ledger.wallet(accountId)));
    for (const [index, accountId] of this.#accounts.entries()) {
      const view = views[index] ?? null;
      must(view !== null, 'G14 each acknowledged effect is in the journal', () => `${accountId} has no wallet`);
      const { available, held, pending, debt, grants } = view.state;
      const remaining = [...grants.values()].reduce((sum, grant) => sum + grant.remaining, 0);
      mustEqual(available, remaining, 'G10 every grant and wallet adds up', `what is available to ${accountId}`);
      must(
        view.at >= process.clock.now(),
        'G08 an expired grant is not spent',
        () => `${accountId} is shown as it was`,
      );
      const places = { AVAILABLE: available, HELD: held, PENDING: pending, DEBT: debt };
      this.#expected.note({ kind: 'observation', accountId, step: this.#world.step, at: view.at, ...places });
    }
  }

  /** Reads and refused commands, one at a time: not one row may change. */
  async #probe(): Promise<void> {
    const { chance } = this.#world;
    const process = this.#anyProcess();
    const observer = wrapEmbedded(this.#world.pglite);
    const before = JSON.stringify(await digestTables(observer));
    const accountId = chance.pick(this.#accounts);
    await readEverything(process, accountId);
    mustEqual(
      JSON.stringify(await digestTables(observer)),
      before,
      'G12 reads write nothing',
      'the digest of all tables',
    );

    const keyed = this.#requests.all.filter(({ key }) => key !== null);
    const wish = chance.oneIn(2)
      ? ({ kind: 'generate', accountId, modelId: dearestModel } as const)
      : this.#wishes.next(this.#rows);
    const key = keyed.length > 0 && chance.oneIn(2) ? chance.pick(keyed).key : this.#newKey();
    const request = this.#requests.add(wish, goesToLedger(wish) ? null : key);
    await this.#requests.attempt(request, process.service, process.name, process.watch());
    if (request.accepted.length === 0) {
      const after = JSON.stringify(await digestTables(observer));
      mustEqual(
        after,
        before,
        'G11 a refused command changes no row',
        `the digest of all tables after ${request.name}`,
      );
    }
    await this.#look();
    if (request.refused > 0 && wish.kind === 'generate') {
      // Another process may have recorded what fell due by its own clock, which runs ahead.
      const at = (await process.service.ledger.wallet(wish.accountId))?.at ?? process.clock.now();
      const amount = process.service.catalog.snapshot().modelById.get(wish.modelId)?.credits ?? 0;
      this.#expected.note({ kind: 'refusal', accountId: wish.accountId, step: this.#world.step, at, amount });
    }
  }

  /** Whoever has no answer gets one now. */
  async #retryAll(): Promise<void> {
    for (const request of this.#requests.repeatable) {
      if (request.unknown === 0) continue;
      await this.#send(request);
    }
    await this.#look();
  }

  /** Lets time run until nothing is under way any more. */
  async #finishAll(): Promise<void> {
    const world = this.#world;
    const latest = world.clock.now() + longestEndMs;
    for (;;) {
      for (const process of world.processes) await process.service.jobs.runDue();
      await this.#look();
      const { jobs, generations } = this.#rows;
      const underWay = generations.filter(({ status }) => status === 'QUEUED' || status === 'RUNNING');
      if (jobs.length === 0 && underWay.length === 0) break;
      const names = [...jobs, ...underWay].map(({ id }) => id).join();
      const now = world.clock.now();
      must(now < latest, 'G14 nothing is stuck', () => `${names} are still there`);
      // What is due and was not run waits for a place, and so for what is to come.
      const dueLater = jobs
        .map(({ due_at: due, leased_until: lease }) => Math.max(due, lease ?? 0))
        .filter((due) => due > now);
      world.clock.advance(Math.min(minuteMs, ...dueLater.map((due) => due - now)));
    }
    const open = this.#rows.holds.filter(({ status }) => status === 'OPEN');
    must(open.length === 0, 'G14 nothing is stuck', () => `${open.map(({ id }) => id).join()} are open`);
  }

  async #checkEnd(): Promise<SimulationResult> {
    const { pglite, deaths, lostAnswers } = this.#world;
    const rows = this.#rows;
    this.#requests.check(rows, effectsOf(rows, this.#transfers, this.#notes));
    checkAcknowledged(this.#requests.clawbacks, this.#notes);
    checkRescheduled(this.#requests.reschedules, this.#notes);
    for (const { id, status } of rows.generations) {
      if (this.#cancelled.has(id))
        mustEqual(status, 'CANCELED', 'G20 a cancelled generation costs nothing', `the status of ${id}`);
    }
    this.#expected.check(rows);
    const observer = wrapEmbedded(pglite);
    const history = createHistory(observer);
    for (const accountId of this.#accounts) {
      const verification = await history.verify(accountId);
      must(verification?.ok === true, 'G16 verifyLedger finds nothing', () => JSON.stringify(verification));
    }
    const faults = await findLedgerFaults(observer);
    must(faults.length === 0, 'G10 every grant and wallet adds up', () => faults.join('; '));
    const hash = createHash('sha256')
      .update(JSON.stringify(await digestTables(observer)))
      .digest('hex');
    return {
      hash,
      requests: this.#requests.all.length,
      generations: rows.generations.length,
      transfers: this.#transfers.length,
      deaths,
      lostAnswers,
    };
  }
}

/** What requests left behind, by their names: ids of what was made, or of what was changed. */
function effectsOf(
  { generations, grants }: Rows,
  transfers: readonly TransferRow[],
  notes: readonly NoteRow[],
): Map<string, string[]> {
  const effects = new Map<string, Set<string>>();
  const add = (name: string, effect: string): void => {
    effects.set(name, (effects.get(name) ?? new Set()).add(effect));
  };
  for (const { id, prompt } of generations) add(prompt, id);
  for (const { id, reason } of grants) if (reason !== null) add(reason, id);
  for (const { type, reason, grant_ids: grantIds, hold_id: holdId, recorded_at: at } of transfers) {
    if (type === 'VOID' && reason !== null) add(reason, `${grantIds.join()} at ${at}`);
    // A refund may bring credits to several places, at one instant.
    if (type === 'REFUND' && reason !== null) add(reason, `${holdId} at ${at}`);
  }
  for (const { kind, number, reason, subject_id: subject } of notes) {
    // Each is an effect of its own, whenever it was.
    if ((kind === 'clawback' || kind === 'reschedule') && reason !== null) add(reason, `${subject} at ${number}`);
  }
  const withoutTimes = ([name, found]: [string, Set<string>]): [string, string[]] => [
    name,
    [...found].map((effect) => effect.replace(/ at \d+$/, '')),
  ];
  return new Map([...effects].map(withoutTimes));
}

/** Each clawback that was acknowledged was the total of its grant at its instant. */
function checkAcknowledged(clawbacks: readonly AcknowledgedClawback[], notes: readonly NoteRow[]): void {
  for (const { name, grantId, total, at } of clawbacks) {
    const changes = notes.filter(({ kind, subject_id: subject }) => kind === 'clawback' && subject === grantId);
    const before = changes.filter((change) => change.at < at).at(-1)?.total ?? 0;
    // Several may have come at one instant.
    const meanwhile = changes.filter((change) => change.at === at).map((change) => change.total ?? 0);
    must(
      [before, ...meanwhile].includes(total),
      'G14 each acknowledged effect is in the journal',
      () => `${name} was told that ${total} of ${grantId} were taken back`,
    );
  }
}

/** Each reschedule that was said to change something was noted at its instant. */
function checkRescheduled(reschedules: readonly AcknowledgedReschedule[], notes: readonly NoteRow[]): void {
  for (const { name, at } of reschedules) {
    must(
      notes.some((note) => note.kind === 'reschedule' && note.reason === name && note.at === at),
      'G14 each acknowledged effect is in the journal',
      () => `${name} was told that it changed the end of grants`,
    );
  }
}

/** Everything that a client may read of an account. */
async function readEverything({ service }: Process, accountId: AccountId): Promise<void> {
  const { accounts, generations, history, ledger } = service;
  const wallet = await ledger.wallet(accountId);
  if (wallet === null) throw new Error(`${accountId} has no wallet.`);
  const everything = { types: null, from: null, to: null };
  await history.transfers(wallet, everything, { after: null, before: null, limit: 20, inverted: false });
  await history.grants(wallet, null, { after: null, before: null, limit: 20, inverted: true });
  const explanation = await history.explain(wallet, wallet.at);
  mustEqual(
    explanation.available,
    wallet.state.available,
    'G10 every grant and wallet adds up',
    `the explanation for ${accountId}`,
  );
  await history.availableAsOf(wallet, wallet.at);
  await history.verify(accountId);
  await accounts.find(accountId);
  const page = { after: null, before: null, limit: 5, inverted: false };
  const found = await generations.page(accountId, { statuses: null, modelIds: null }, page);
  for (const generation of found) {
    await generations.creditsHeld(generation);
    await generations.assets(generation);
  }
}
