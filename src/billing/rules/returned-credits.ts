/** An order, and how much of its money went back. */
export interface ReturnedPayment {
  /** What it gave in all, also what it gives later. */
  readonly credits: number;
  readonly paidCents: number;
  readonly returnedCents: number;
}

/** How many credits of an order go back with its money: `floor(credits × returned / paid)`. */
export function creditsToTakeBack({ credits, paidCents, returnedCents }: ReturnedPayment): number {
  // The product of two such numbers is more than a double holds exactly.
  return Number((BigInt(credits) * BigInt(returnedCents)) / BigInt(paidCents));
}

/** How many credits are taken from each part of an order, the latest first, since what is furthest ahead was used least. */
export function takeFromLatest(total: number, parts: readonly number[]): number[] {
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
