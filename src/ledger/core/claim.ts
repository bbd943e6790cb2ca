import type { Clawback } from './types.ts';

/** What a clawback still waits for: held credits of its grant. */
export const openClaimOf = ({ total, taken, owed }: Clawback): number => total - taken - owed;

/** What the wallet owes for a clawback, after what was paid of it. */
export const unpaidOf = ({ owed, payments }: Clawback): number =>
  payments.reduce((unpaid, payment) => unpaid - payment.amount, owed);
