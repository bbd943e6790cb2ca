import { createHash } from 'node:crypto';
import type { ProviderRequest } from '../provider.ts';

/** Gives 16 hexadecimal digits for a generation and its input; the order of the input's keys does not matter. */
export function seedOf(request: Pick<ProviderRequest, 'generationId' | 'input'>): string {
  const canonical = JSON.stringify([request.generationId, request.input], sortKeys);
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16);
}

// The database gives an object's keys back in an order of its own.
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Gives `count` (1 to 32) numbers from 0 (inclusive) to 1 (exclusive), the same ones for the same text each time. */
export function fractionsOf(text: string, count: number): number[] {
  const digest = createHash('sha256').update(text).digest();
  return Array.from(digest.subarray(0, count), (byte) => byte / 256);
}
