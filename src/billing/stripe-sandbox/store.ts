import type { Instant } from '../../clock.ts';
import type { StripeKind, StripeObject, StripeObjects } from './stripe-objects.ts';

/** What the sandbox remembers, in a database that may be shared by several processes. */
export interface StripeSandboxStore {
  find<Kind extends StripeKind>(kind: Kind, id: string): Promise<StripeObjects[Kind] | null>;
  /** Newest first. */
  list<Kind extends StripeKind>(kind: Kind, query: ListQuery): Promise<StripeObjects[Kind][]>;
  /** When the next open session ends of those that end after an instant; null without any. */
  nextSessionEnd(after: Instant): Promise<Instant | null>;
  findRequest(idempotencyKey: string): Promise<RememberedRequest | null>;
  /** Writes all of a change or nothing of it. */
  commit(change: Change): Promise<CommitOutcome>;
}

interface ListQuery {
  /** Objects that contain at least one of these (jsonb `@>`). */
  readonly matching: readonly object[];
  /** Only objects older than this one. */
  readonly startingAfter: string | null;
  readonly limit: number;
}

/** The answer that an Idempotency-Key got when it was used first. */
export interface RememberedRequest {
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly body: object;
}

interface Change {
  readonly at: Instant;
  readonly insert: readonly StripeObject[];
  /** Takes place only while the stored object still equals `from`. */
  readonly replace: Replacement | null;
  readonly request: RememberedRequest | null;
}

export interface Replacement {
  readonly from: StripeObject;
  readonly to: StripeObject;
}

/** `stale`: the object to replace has changed since it was read. `key_taken`: the idempotency key was used before. */
type CommitOutcome = 'done' | 'stale' | 'key_taken';
