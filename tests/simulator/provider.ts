import type { ProviderAdapter, ProviderResult, ProviderState } from '../../src/providers/index.ts';
import type { ProviderFailure, Submission } from '../../src/providers/provider.ts';
import type { Chance } from './chance.ts';
import { turns } from './event-loop.ts';
import { InvariantBroken } from './invariant.ts';

/** The provider did not answer as it should; such an error passes. */
export class ProviderTrouble extends Error {
  override readonly name = 'ProviderTrouble';
}

type Course = 'succeeds' | 'fails' | 'is blocked' | 'hangs';

/** One request as the provider knows it. */
interface ProviderJob {
  readonly course: Course;
  readonly acceptedAt: number;
  readonly takesMs: number;
}

const failures: Record<'fails' | 'is blocked', ProviderFailure> = {
  fails: { code: 'PROVIDER_ERROR', message: 'The model failed.', retryable: true },
  'is blocked': { code: 'CONTENT_BLOCKED', message: 'The content was blocked.', retryable: false },
};

/** Who runs the models: outside of every process, and as unreliable as the seed says. */
export class SimulatedProvider {
  readonly #chance: Chance;
  readonly #now: () => number;
  readonly #jobs = new Map<string, ProviderJob>();
  /** Generations that were sent and may have been accepted. */
  readonly #sent = new Set<string>();
  readonly #told = new Set<string>();
  readonly #report: (error: InvariantBroken) => void;
  #isReliable = false;

  /** `report` hears what the service does wrong: thrown, it would only be a passing error of a provider. */
  constructor(chance: Chance, now: () => number, report: (error: InvariantBroken) => void) {
    this.#chance = chance;
    this.#now = now;
    this.#report = report;
  }

  /** From now on it answers every question, and whatever hung has failed. */
  becomeReliable(): void {
    this.#isReliable = true;
  }

  /** Whether it told anybody that a generation succeeded. */
  saidSucceeded(generationId: string): boolean {
    return this.#told.has(generationId);
  }

  /** The provider as one process reaches it, as long as that lives. */
  reachedBy(isAlive: () => boolean): ProviderAdapter {
    const speak = async <Answer>(answer: () => Answer): Promise<Answer> => {
      if (!isAlive()) throw new ProviderTrouble('A process that has died calls nobody.');
      await turns(this.#chance.below(3));
      const said = answer();
      await turns(this.#chance.below(3));
      return said;
    };
    return {
      submit: (request) => speak(() => this.#submit(request.generationId)),
      check: (requestId) => speak(() => this.#check(requestId)),
      cancel: (requestId) =>
        speak(() => {
          this.#jobs.delete(requestId);
        }),
    };
  }

  #submit(generationId: string): Submission {
    if (this.#sent.has(generationId)) {
      const invariant = 'G21 a request that may have been accepted is never sent again';
      this.#report(new InvariantBroken(invariant, `${generationId} was sent twice`));
    }
    const chance = this.#chance;
    const luck = this.#isReliable ? 99 : chance.below(100);
    if (luck < 12) return { kind: 'unavailable', retryAfterMs: chance.oneIn(2) ? null : chance.between(1, 3_000) };
    if (luck < 16) {
      return { kind: 'failed', failure: { code: 'PROVIDER_REJECTED', message: 'It was refused.', retryable: false } };
    }
    this.#sent.add(generationId);
    if (luck < 20) throw new ProviderTrouble('The connection broke before the provider had the request.');
    const requestId = `request ${generationId}`;
    this.#jobs.set(requestId, {
      course: chance.pick(['succeeds', 'succeeds', 'succeeds', 'succeeds', 'fails', 'is blocked', 'hangs']),
      acceptedAt: this.#now(),
      takesMs: chance.pick([0, 0, 0, 700, 2_000, 20_000, 240_000, 840_000]),
    });
    if (luck < 25) throw new ProviderTrouble('The connection broke after the provider had the request.');
    return { kind: 'accepted', requestId };
  }

  #check(requestId: string): ProviderState {
    const job = this.#jobs.get(requestId);
    if (job === undefined) return { kind: 'failed', failure: failures.fails };
    if (!this.#isReliable && this.#chance.oneIn(8)) throw new ProviderTrouble('The provider did not answer.');
    const elapsedMs = this.#now() - job.acceptedAt;
    const isWorking = job.course === 'hangs' || elapsedMs < job.takesMs;
    if (isWorking && !this.#isReliable) {
      const progress = this.#chance.oneIn(2) ? null : Math.max(0, Math.min(1, elapsedMs / (job.takesMs + 1)));
      return { kind: 'working', progress, checkAfterMs: this.#chance.pick([250, 1_000, 5_000, 60_000]) };
    }
    if (job.course !== 'succeeds') {
      return { kind: 'failed', failure: failures[job.course === 'hangs' ? 'fails' : job.course] };
    }
    this.#told.add(requestId.slice('request '.length));
    return { kind: 'succeeded', result: this.#result() };
  }

  #result(): ProviderResult {
    if (this.#chance.oneIn(2)) return { assets: [], text: 'A text', output: null };
    const asset = { mimeType: 'image/png', width: 1, height: 1, durationSeconds: null };
    const assets = Array.from({ length: this.#chance.between(1, 2) }, () => ({
      ...asset,
      content: this.#chance.bytes(8),
    }));
    return { assets, text: null, output: null };
  }
}
