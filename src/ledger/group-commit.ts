import { BusyError } from '../errors.ts';
import type { AccountId } from './core/types.ts';

export interface Waiting<Request, Answer> {
  readonly accountId: AccountId;
  readonly request: Request;
  /** How many commands it has. */
  readonly size: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitLimits {
  readonly batchSize: number;
  readonly batchesInFlight: number;
  readonly queueDepth: number;
  readonly queueDepthPerAccount: number;
}

/** How long a refused caller is asked to wait; a full queue is worked off in about this time. */
const retryAfterMs = 1_000;

/**
 * Gathers requests of concurrent callers into batches. A wallet is in one batch in flight at a time, and its
 * requests keep the order in which they came; what has to wait for a wallet does not hold up the others.
 */
export class GroupCommit<Request, Answer> {
  readonly #limits: GroupCommitLimits;
  readonly #run: (batch: readonly Waiting<Request, Answer>[]) => Promise<() => void>;
  #queue: Waiting<Request, Answer>[] = [];
  #depth = 0;
  readonly #depthOfAccount = new Map<AccountId, number>();
  readonly #walletsInFlight = new Set<AccountId>();
  #batchesInFlight = 0;
  #scheduled = false;

  /** `run` carries a batch out, never rejects, and gives what answers those of its members that it has not answered. */
  constructor(limits: GroupCommitLimits, run: (batch: readonly Waiting<Request, Answer>[]) => Promise<() => void>) {
    this.#limits = limits;
    this.#run = run;
  }

  /** Puts a request in the queue; throws {@link BusyError} when the queue is full. */
  submit(accountId: AccountId, request: Request, size: number): Promise<Answer> {
    const { batchSize, queueDepth, queueDepthPerAccount } = this.#limits;
    if (size > batchSize) return Promise.reject(new Error(`A batch holds ${batchSize} commands, not ${size}.`));
    const depth = this.#depthOfAccount.get(accountId) ?? 0;
    if (this.#depth + size > queueDepth || depth + size > queueDepthPerAccount) {
      return Promise.reject(new BusyError(retryAfterMs));
    }
    this.#depth += size;
    this.#depthOfAccount.set(accountId, depth + size);
    return new Promise((resolve, reject) => {
      this.#queue.push({ accountId, request, size, resolve, reject });
      this.#schedule();
    });
  }

  /** Leaves the rest of this turn of the event loop to others, so that their requests join the batch. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#startBatches();
    });
  }

  /** Whether there was any to start. */
  #startBatches(): boolean {
    let hasStarted = false;
    while (this.#batchesInFlight < this.#limits.batchesInFlight) {
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      hasStarted = true;
      const accountIds = new Set(batch.map(({ accountId }) => accountId));
      for (const accountId of accountIds) this.#walletsInFlight.add(accountId);
      this.#batchesInFlight += 1;
      void this.#run(batch).then((answer) => {
        this.#batchesInFlight -= 1;
        for (const accountId of accountIds) this.#walletsInFlight.delete(accountId);
        // The next batch first: the database works on it while the callers make of their answers what they will.
        if (this.#startBatches()) setImmediate(answer);
        else answer();
      });
    }
    return hasStarted;
  }

  #takeBatch(): Waiting<Request, Answer>[] {
    const batch: Waiting<Request, Answer>[] = [];
    const rest: Waiting<Request, Answer>[] = [];
    let left = this.#limits.batchSize;
    for (const waiting of this.#queue) {
      if (this.#walletsInFlight.has(waiting.accountId)) rest.push(waiting);
      else if (waiting.size <= left) {
        batch.push(waiting);
        left -= waiting.size;
      } else {
        // What comes behind it must not overtake it.
        left = 0;
        rest.push(waiting);
      }
    }
    this.#queue = rest;
    for (const { accountId, size } of batch) {
      this.#depth -= size;
      const depth = (this.#depthOfAccount.get(accountId) ?? size) - size;
      if (depth === 0) this.#depthOfAccount.delete(accountId);
      else this.#depthOfAccount.set(accountId, depth);
    }
    return batch;
  }
}
