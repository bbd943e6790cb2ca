import type { PGlite } from '@electric-sql/pglite';
import { createTestClock, type TestClock } from '../support/test-clock.ts';
import { type Chance, createChance } from './chance.ts';
import { Line } from './connection.ts';
import { turn } from './event-loop.ts';
import type { InvariantBroken } from './invariant.ts';
import { Process, type Surroundings } from './process.ts';
import { SimulatedProvider } from './provider.ts';
import { createMemoryStorage } from './service.ts';

/** The longest leap of time inside a step; steps under way do not outlive their leases. */
const longestLeapMs = 2_000;
/** As many turns without a statement mean that nothing goes on any more. */
const quietTurns = 40;

/** What outlives every process: time, the database, the provider, and what was seen of all of it. */
export class World {
  readonly pglite: PGlite;
  readonly chance: Chance;
  readonly clock: TestClock = createTestClock();
  readonly provider: SimulatedProvider;
  readonly processes: readonly Process[];
  readonly lines: string[] = [];
  step = 0;
  /** Nothing goes wrong, and time stands still while statements run. */
  isCalm = true;
  /** Instants at which something falls due. */
  due: readonly number[] = [];
  deaths = 0;
  lostAnswers = 0;
  readonly #line = new Line();
  readonly #faults: Chance;
  #broken: InvariantBroken | null = null;

  constructor(pglite: PGlite, seed: number) {
    this.pglite = pglite;
    this.chance = createChance(seed, 'schedule');
    this.#faults = createChance(seed, 'faults');
    const now = (): number => this.clock.now();
    const report = (error: InvariantBroken): void => {
      this.#broken ??= error;
    };
    this.provider = new SimulatedProvider(createChance(seed, 'provider'), now, report);
    const surroundings: Surroundings = {
      pglite,
      line: this.#line,
      provider: this.provider,
      storage: createMemoryStorage(),
      faults: this.#faults,
      idBytes: createChance(seed, 'ids'),
      now,
      passTime: () => this.#passTime(),
      isCalm: () => this.isCalm,
      troubled: (what) => {
        this.deaths += what === 'died' ? 1 : 0;
        this.lostAnswers += what === 'lost' ? 1 : 0;
      },
      tell: (line) => this.tell(line),
      report,
    };
    // One process with a database of its own, or two that share one and whose clocks differ.
    this.processes = this.chance.oneIn(2)
      ? [new Process('the process', 'embedded', 0, surroundings)]
      : [
          new Process('process 1', 'postgres', 0, surroundings),
          new Process('process 2', 'postgres', -this.chance.between(0, 4_000), surroundings),
        ];
  }

  get upProcesses(): readonly Process[] {
    return this.processes.filter(({ isUp }) => isUp);
  }

  /** A line of the story that is told when something is wrong. */
  tell(line: string): void {
    this.lines.push(`step ${this.step}, ${new Date(this.clock.now()).toISOString()}: ${line}`);
  }

  /** Does something while nothing goes wrong. */
  async calmly<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.isCalm;
    this.isCalm = true;
    try {
      return await work();
    } finally {
      this.isCalm = before;
    }
  }

  /** Waits until nothing is under way; throws what was seen to be wrong meanwhile. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet += 1) {
      if (!this.#line.isIdle) quiet = 0;
      await turn();
    }
    if (this.#broken !== null) throw this.#broken;
  }

  /** Moves time on: not at all, a little, or to where something falls due, or just before or after that. */
  moveOn(): void {
    const luck = this.chance.below(100);
    if (luck < 25) return;
    if (luck < 50) this.clock.advance(this.chance.between(1, 3_000));
    else if (luck < 90) this.#moveTo(this.chance.pick([0, 0, 0, 1, 2]), this.chance, Infinity);
    else this.clock.advance(this.chance.between(1, 20) * 60_000);
  }

  #passTime(): void {
    if (this.isCalm) return;
    const luck = this.#faults.below(40);
    if (luck === 0) this.clock.advance(this.#faults.pick([1, 1, 7, 40, 400]));
    if (luck === 1) this.#moveTo(0, this.#faults, longestLeapMs);
  }

  /** To the instant that is due as the given one from now on, as the clock of one of the processes sees it. */
  #moveTo(which: number, chance: Chance, longestMs: number): void {
    const now = this.clock.now();
    const skewMs = chance.pick(this.processes).clock.now() - now;
    const ahead = this.due
      .map((at) => at - skewMs + chance.between(-1, 1))
      .filter((at) => at > now && at - now <= longestMs)
      .sort((left, right) => left - right);
    const at = ahead[Math.min(which, ahead.length - 1)];
    if (at !== undefined) this.clock.advance(at - now);
  }
}
