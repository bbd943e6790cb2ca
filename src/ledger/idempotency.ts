import { createHash } from 'node:crypto';
import { InvalidInputError } from '../errors.ts';
import { isStorable } from '../plain-text.ts';
import type { AccountId } from './core/types.ts';
import type { IdempotencyKey } from './wallet.store.ts';

/** What a client sent with a mutation that may carry a key. */
export interface Keyed {
  readonly idempotencyKey: string | null;
}

/**
 * The client's key for a mutation, bound to its input; undefined when it sent none. `subjectId` is what a
 * replay answers with. Throws {@link InvalidInputError} for a key that has not 1 to 255 characters.
 */
export function idempotencyKeyOf(
  input: Keyed,
  names: { accountId: AccountId; mutation: string; subjectId: string },
): IdempotencyKey | undefined {
  const { idempotencyKey: key } = input;
  if (key === null) return undefined;
  if (key.length < 1 || key.length > 255 || !isStorable(key)) {
    throw new InvalidInputError([{ path: ['input', 'idempotencyKey'], message: 'Must have 1 to 255 characters.' }]);
  }
  return { ...names, key, requestHash: requestHash(input) };
}

/**
 * What an idempotency key is bound to: SHA-256 over the input as canonical JSON (members sorted as in RFC 8785).
 * An argument that is absent and one that is null are the same; the key itself is no part of it.
 */
function requestHash(input: Keyed): Buffer {
  const { idempotencyKey: _key, ...request } = input;
  // Inside an argument that is JSON, a null is a value.
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null));
  return createHash('sha256').update(canonicalJson(given)).digest();
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}
