import { createHash } from 'node:crypto';
import type { RememberedRequest } from './store.ts';
import { invalidRequest, StripeSandboxError } from './stripe-error.ts';

const maximumKeyLength = 255;

/** The Idempotency-Key of a POST, or null when it has none. */
export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  const key = Array.isArray(header) ? header.join(',') : header;
  if (key === undefined || key === '') return null;
  if (key.length > maximumKeyLength) {
    throw invalidRequest(`Idempotency keys can have at most ${maximumKeyLength} characters.`);
  }
  return key;
}

/** What two requests under one key must have in common: the address and the parameters, in any order. */
export function fingerprintOf(path: string, pairs: readonly (readonly [string, string])[]): string {
  const sorted = pairs.map((pair) => JSON.stringify(pair)).sort();
  return `${path} ${createHash('sha256').update(sorted.join('\n')).digest('hex')}`;
}

/** Refuses a key that was used for something else before. */
export function requireSameRequest(remembered: RememberedRequest, path: string, fingerprint: string): void {
  if (remembered.fingerprint === fingerprint) return;
  const [rememberedPath] = remembered.fingerprint.split(' ');
  const rule =
    rememberedPath === path
      ? 'can only be used with the same parameters they were first used with'
      : `can only be used for the same endpoint they were first used for ('${path}' vs '${rememberedPath}')`;
  throw new StripeSandboxError(400, {
    type: 'idempotency_error',
    message: `Keys for idempotent requests ${rule}. Try using a key other than '${remembered.idempotencyKey}' if you meant to execute a different request.`,
  });
}
