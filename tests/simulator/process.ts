import type { PGlite } from '@electric-sql/pglite';
import type { Clock, Instant } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import type { AssetStorage } from '../../src/generation/index.ts';
import { createIdSource } from '../../src/ids.ts';
import type { Chance } from './chance.ts';
import { Connection, type Fault, type Line, type StatementPoint, type Weather, isCarefulWrite } from './connection.ts';
import { turns } from './event-loop.ts';
import { InvariantBroken } from './invariant.ts';
import { ProviderTrouble, type SimulatedProvider } from './provider.ts';
import { composeService, type Service } from './service.ts';

/** What all processes share: the database, the provider, the disk, and the fate that the seed has in store. */
export interface Surroundings {
  readonly pglite: PGlite;
  readonly line: Line;
  readonly provider: SimulatedProvider;
  readonly storage: AssetStorage;
  readonly faults: Chance;
  readonly idBytes: Chance;
  readonly now: () => number;
  /** Called before each statement: time passes while the database works. */
  readonly passTime: () => void;
  readonly isCalm: () => boolean;
  readonly troubled: (what: 'died' | 'lost') => void;
  readonly tell: (line: string) => void;
  readonly report: (error: InvariantBroken) => void;
}

/** One place where the service runs: as long as it lives a process, after its death another one with nothing in memory. */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  readonly #kind: Database['kind'];
  readonly #world: Surroundings;
  #connection: Connection | null = null;
  #service: Service | null = null;
  /** How often something went wrong that a caller may notice: transactions of the ledger are run again unseen. */
  #troubles = 0;
  #losses = 0;

  constructor(name: string, kind: Database['kind'], skewMs: number, world: Surroundings) {
    this.name = name;
    this.#kind = kind;
    this.#world = world;
    this.clock = { now: () => (world.now() + skewMs) as Instant }; // Milliseconds since 1970.
  }

  get isUp(): boolean {
    return this.#service !== null && this.#connection?.isDead === false;
  }

  /** The service of the living process. */
  get service(): Service {
    if (this.#service === null) throw new Error(`${this.name} has not started.`);
    return this.#service;
  }

  /** Gives a function that says whether something went wrong since that a caller may notice. */
  watch(): () => boolean {
    const [troubles, losses] = [this.#troubles, this.#losses];
    return () => this.#troubles !== troubles || this.#losses - losses >= mostAttempts;
  }

  /** Starts anew with an empty memory; dies of a fault on the way like at any other time. */
  async start(): Promise<void> {
    const { pglite, line, provider, storage, idBytes, tell } = this.#world;
    const connection = new Connection(pglite, line, this.#weather());
    this.#connection = connection;
    this.#service = null;
    const hadTrouble = this.watch();
    try {
      this.#service = await composeService({
        database: connection.open(this.#kind),
        clock: this.clock,
        ids: createIdSource(this.clock, (length) => idBytes.bytes(length)),
        storage,
        provider: provider.reachedBy(() => !connection.isDead),
        pause: () => turns(5),
        onStepError: (error) => this.#judge(error, connection),
      });
      tell(`${this.name} starts`);
    } catch (error) {
      if (!hadTrouble()) throw error;
      tell(`${this.name} does not come up`);
    }
  }

  #judge(error: unknown, connection: Connection): void {
    const isConnection = /closed the connection|has died|ConnectionClosed/.test(String(error));
    if (error instanceof ProviderTrouble || isConnection || connection.isDead) return;
    this.#world.report(new InvariantBroken('A step fails only with its provider or its connection', String(error)));
  }

  #weather(): Weather {
    const { faults, isCalm, passTime, report, tell, troubled } = this.#world;
    let statementsToLive = faults.oneIn(3) ? Infinity : faults.between(1, 150);
    let lockedAt = 0;
    return {
      next: (point) => {
        passTime();
        if (isCalm()) return null;
        statementsToLive -= 1;
        if (statementsToLive === 0) return faults.pick(['die before', 'die after']);
        return faultAt(point, faults);
      },
      done: ({ sql }, values) => {
        if (isCarefulWrite(sql)) return; // It takes its lock last, and is refused when anybody wrote since it took its time.
        if (sql.includes('FOR NO KEY UPDATE')) lockedAt = this.clock.now();
        else if (sql.includes('INSERT INTO transfer') && earliestIn(sql, values) < lockedAt) {
          const invariant = 'G39 a command takes its time behind the lock';
          report(new InvariantBroken(invariant, `recorded before ${new Date(lockedAt).toISOString()}`));
        }
      },
      died: () => {
        this.#troubles += 1;
        troubled('died');
        tell(`${this.name} dies`);
      },
      lost: ({ isRunAgain }) => {
        this.#losses += 1;
        if (!isRunAgain || !this.isUp) this.#troubles += 1;
        troubled('lost');
        tell(`${this.name} loses a connection`);
      },
    };
  }
}

/** The ledger gives a batch up when its connection has broken this often. */
const mostAttempts = 6;

/** A COMMIT whose answer is lost is the worst, so it comes most often. */
function faultAt({ kind, sql }: StatementPoint, faults: Chance): Fault | null {
  const luck = faults.below(400);
  if (kind === 'commit' || isCarefulWrite(sql)) {
    if (luck < 40) return 'lose after';
    if (luck < 50) return 'lose before';
    if (luck < 56) return 'die before';
    return luck < 62 ? 'die after' : null;
  }
  if (luck < 2) return 'lose before';
  return luck < 4 ? 'lose after' : null;
}

/** The earliest instant at which the transfers that a statement writes were recorded: one parameter has them all. */
function earliestIn(sql: string, values: readonly unknown[]): number {
  const parameter = /INSERT INTO transfer [^]*?\$(?<number>\d+)::timestamptz\[\] AS recorded_at/.exec(sql)?.groups?.[
    'number'
  ];
  const instants = String(values[Number(parameter) - 1]).match(/\d{4}-[^",}]+/g) ?? [];
  const earliest = Math.min(...instants.map((at) => Date.parse(at)));
  if (!Number.isFinite(earliest)) throw new Error('The statement that writes transfers is not understood any more.');
  return earliest;
}
