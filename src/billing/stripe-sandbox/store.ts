import type { Instant } from '../../clock.ts';
import type { StripeKind, StripeObject, StripeObjects } from './stripe-objects.ts';

/** What the sandbox remembers, in a database that may be shared by several processes. */
export interface StripeSandboxStore {
  find<Kind extends StripeKind>(kind: Kind, id: string): Promise<StripeObjects[Kind] | null>;
  /** Newest first, unless asked for otherwise. */
  list<Kind extends StripeKind>(kind: Kind, query: ListQuery): Promise<StripeObjects[Kind][]>;
  /** When something falls due for the first time after an instant; null when nothing does. */
  nextDueAt(after: Instant): Promise<Instant | null>;
  /** The object that has been due for longest, at an instant; null when none is. */
  findDue(at: Instant): Promise<{ object: StripeObject; dueAt: Instant } | null>;
  findRequest(idempotencyKey: string): Promise<RememberedRequest | null>;
  /** Writes all of a change or nothing of it. */
  commit(change: Change): Promise<CommitOutcome>;
}

export interface ListQuery {
  /** Objects that contain at least one of these (jsonb `@>`). */
  readonly matching: readonly object[];
  /** Bounds of `created`, in seconds. */
  readonly created?: CreatedRange | undefined;
  /** Only objects that come after this one. */
  readonly startingAfter: string | null;
  readonly oldestFirst?: boolean;
  /** Null: all of them. */
  readonly limit: number | null;
}

export interface CreatedRange {
  readonly gt?: number | undefined;
  readonly gte?: number | undefined;
  readonly lt?: number | undefined;
  readonly lte?: number | undefined;
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
  /** Take place only while each stored object still equals its `from`. */
  readonly replace: readonly Replacement[];
  readonly request: RememberedRequest | null;
}

export interface Replacement {
  readonly from: StripeObject;
  readonly to: StripeObject;
}

/** `stale`: an object to replace has changed since it was read. `key_taken`: the idempotency key was used before. */
export type CommitOutcome = 'done' | 'stale' | 'key_taken';
