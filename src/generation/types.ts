import type { MediaKind, Operation } from '../catalog/index.ts';
import type { AccountId, Brand, Instant } from '../ledger/index.ts';
import type { JsonObject } from '../providers/index.ts';

export type GenerationId = Brand<string, 'GenerationId'>;
export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';
export type GenerationFailureCode =
  'PROVIDER_REJECTED' | 'PROVIDER_ERROR' | 'PROVIDER_TIMEOUT' | 'CONTENT_BLOCKED' | 'HOLD_EXPIRED' | 'INTERNAL';

export interface GenerationFailure {
  readonly code: GenerationFailureCode;
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

/** A shot of a Director's Cut. */
export interface ShotAsset {
  readonly url: string;
  readonly kind: MediaKind;
  readonly durationSeconds: number | null;
}

/** One call of one model. Its credits are held under its own id. */
export interface Generation {
  readonly id: GenerationId;
  readonly accountId: AccountId;
  readonly apiKeyId: string | null;
  readonly operation: Operation;
  readonly status: GenerationStatus;
  readonly modelId: string;
  readonly priceVersion: number;
  readonly prompt: string | null;
  /** As the caller gave them. */
  readonly params: JsonObject;
  readonly shots: readonly ShotAsset[];
  readonly metadata: JsonObject | null;
  /** The price that was held, frozen. */
  readonly credits: number;
  readonly creditsCharged: number;
  readonly creditsRefunded: number;
  /** 0 to 1; null when the provider does not say. */
  readonly progress: number | null;
  readonly text: string | null;
  readonly output: JsonObject | null;
  readonly failure: GenerationFailure | null;
  readonly providerRequestId: string | null;
  /** Set right before the provider is called. */
  readonly submittingAt: Instant | null;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly completedAt: Instant | null;
  /** The how many-th state of it that its owner sees, from 1 on; the database counts. */
  readonly version: number;
  /** True when an idempotency key answered. */
  readonly replayed: boolean;
  /** The credits that are held for it, where that is known: when it has just been queued, or shows what would be. */
  readonly knownHeld: number | null;
}

/** A file that a generation made. */
export interface Asset {
  readonly id: string;
  readonly accountId: AccountId;
  readonly generationId: GenerationId;
  readonly position: number;
  readonly mimeType: string;
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
}

/** What a caller asks for, as it was sent: absent and null are the same. */
export interface GenerateInput {
  readonly operation: Operation;
  readonly modelId: string | null;
  readonly kind: MediaKind | null;
  readonly prompt: string | null;
  readonly params: JsonObject | null;
  readonly assets: readonly ShotAsset[] | null;
  readonly quoteId: string | null;
  readonly metadata: JsonObject | null;
  readonly idempotencyKey: string | null;
}

/** Who is calling: the account that pays, and the key that it used. */
export interface Payer {
  readonly accountId: AccountId;
  readonly apiKeyId: string;
}
