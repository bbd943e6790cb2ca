import { z } from 'zod';
import type { OutgoingAnswer } from './outgoing.ts';
import type { ProviderFailure, Submission } from './provider.ts';

const longestReason = 300;

/** The provider will not do this, however often it is asked; `reason` is in its words. */
export const rejected = (reason: string | null): ProviderFailure => ({
  code: 'PROVIDER_REJECTED',
  message: reason === null ? 'The provider refused the request.' : `The provider refused the request: ${reason}`,
  retryable: false,
});

/** The provider's content rules are against it. */
export const blocked: ProviderFailure = {
  code: 'CONTENT_BLOCKED',
  message: "The provider's content rules refused the request or its result. Nothing was charged.",
  retryable: false,
};

/** The provider tried and failed. */
export const failed: ProviderFailure = {
  code: 'PROVIDER_ERROR',
  message: 'The provider failed. Nothing was charged; try again.',
  retryable: true,
};

/** The provider gave up, because it took too long. */
export const tookTooLong: ProviderFailure = {
  code: 'PROVIDER_TIMEOUT',
  message: 'The provider took too long. Nothing was charged; try again.',
  retryable: true,
};

/** The provider has nothing under the id that it gave. */
export const forgotten: ProviderFailure = {
  code: 'PROVIDER_ERROR',
  message: 'The provider does not know the request any more. Nothing was charged; try again.',
  retryable: true,
};

/** The provider is done and shows nothing for it. */
export const emptyResult: ProviderFailure = {
  code: 'PROVIDER_ERROR',
  message: 'The provider gave no result. Nothing was charged; try again.',
  retryable: true,
};

/** The provider does not serve this server: a key that is wrong, an account that is locked. Its own words could show the key. */
export const notServed: ProviderFailure = {
  code: 'PROVIDER_ERROR',
  message: 'The provider does not serve this studio at the moment. Nothing was charged; choose another model.',
  retryable: true,
};

/** What a refused submission is, by its status alone; null for one that says nothing certain. */
export function refusalOf({ status, retryAfterMs }: Omit<OutgoingAnswer, 'text'>): Submission | null {
  if (status === 429 || status === 503) return { kind: 'unavailable', retryAfterMs };
  if (status === 401 || status === 402 || status === 403) return { kind: 'failed', failure: notServed };
  return null;
}

/** A reason in the provider's words, short enough to be shown and fit to be stored; null when there is none. */
export function quoteReason(reason: unknown): string | null {
  if (typeof reason !== 'string') return null;
  const text = storable(reason).replace(/\s+/g, ' ').trim();
  if (text === '') return null;
  const characters = Array.from(text);
  return characters.length <= longestReason ? text : `${characters.slice(0, longestReason).join('').trimEnd()}…`;
}

/** A text of a provider as the database takes it: without U+0000 and half surrogate pairs. */
export const storable = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

const objectSchema = z.record(z.string(), z.unknown());

/** The JSON object in an answer; null when it is something else. */
export function objectIn({ text }: Pick<OutgoingAnswer, 'text'>): Record<string, unknown> | null {
  try {
    const parsed = objectSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
