import type { GrantId } from '../../ledger/index.ts';

/** An order, and how much of its money went back. */
interface ReturnedPayment {
  /** What it gave in all, also what it gives later. */
  readonly credits: number;
  readonly paidCents: number;
  readonly returnedCents: number;
}

/** How many credits of an order go back with its money: `floor(credits × returned / paid)`. */
function creditsToTakeBack({ credits, paidCents, returnedCents }: ReturnedPayment): number {
  // The product of two such numbers is more than a double holds exactly.
  return Number((BigInt(credits) * BigInt(returnedCents)) / BigInt(paidCents));
}

/** How many credits are taken from each part of an order, the latest first, since what is furthest ahead was used least. */
function takeFromLatest(total: number, parts: readonly number[]): number[] {
  let missing = total;
  return parts
    .toReversed()
    .map((part) => {
      const share = Math.min(missing, part);
      missing -= share;
      return share;
    })
    .toReversed();
}

/** Credits of one grant: what it gave, or what is taken back of it. */
export interface CreditsOfGrant {
  readonly grantId: GrantId;
  readonly credits: number;
}

/**
 * What is to be taken back of each grant of a payment: of the one that it paid for or, without one, of what its invoice
 * has `given` so far, the oldest first.
 */
export function creditsTakenBack(
  payment: ReturnedPayment & { readonly grantId: GrantId | null },
  given: readonly CreditsOfGrant[],
): CreditsOfGrant[] {
  const total = creditsToTakeBack(payment);
  if (payment.grantId !== null) return [{ grantId: payment.grantId, credits: total }];
  const parts = given.map(({ credits }) => credits);
  // Months that are still to come give up theirs first; they are taken back as they come.
  const toCome = payment.credits - parts.reduce((sum, credits) => sum + credits, 0);
  const shares = takeFromLatest(Math.max(0, total - Math.max(0, toCome)), parts);
  return given.map(({ grantId }, index) => ({ grantId, credits: shares[index] ?? 0 }));
}
