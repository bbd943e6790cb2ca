import type { PendingLine } from './stripe-objects.ts';

interface Period {
  readonly start: number;
  readonly end: number;
}

/** What of an amount falls to the part of its period that is left at an instant, to the second, in whole cents. */
function remainingAmount(amount: number, { start, end }: Period, at: number): number {
  return Math.round((amount * (end - at)) / (end - start));
}

interface ProratedItem {
  readonly item: string;
  readonly name: string;
  readonly price: PendingLine['price'];
  readonly quantity: number;
  readonly period: Period;
}

/** Gives back what was paid for time that will not be used. */
export function creditLine(used: ProratedItem, at: number): PendingLine {
  // Written as a difference, since -0 is no amount.
  return prorationLine(
    used,
    at,
    0 - remainingAmount(used.price.unit_amount * used.quantity, used.period, at),
    'Unused',
  );
}

/** Asks for the time that is left. */
export function debitLine(wanted: ProratedItem, at: number): PendingLine {
  const amount = remainingAmount(wanted.price.unit_amount * wanted.quantity, wanted.period, at);
  return prorationLine(wanted, at, amount, 'Remaining');
}

function prorationLine(
  { item, name, price, quantity, period }: ProratedItem,
  at: number,
  amount: number,
  word: 'Unused' | 'Remaining',
): PendingLine {
  const date = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return {
    amount,
    description: `${word} time on ${name} after ${date.format(at * 1000)}`,
    item,
    period: { start: at, end: period.end },
    price,
    proration: true,
    quantity,
  };
}
