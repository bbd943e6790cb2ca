import type { IdSource } from '../../ids.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** An id that looks like Stripe's: `cus_` and the like, then letters and digits. */
export function createStripeId(ids: IdSource, prefix: string): string {
  const length = prefix === 'cs_test' ? 58 : 24;
  return `${prefix}_${randomLetters(ids, length)}`;
}

/** Random letters and digits. */
export function randomLetters(ids: IdSource, length: number): string {
  return Array.from(ids.randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');
}
