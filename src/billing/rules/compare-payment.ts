import type { GrantId } from '../../ledger/index.ts';
import type { Difference, Payment } from '../types.ts';
import type { CreditsOfGrant } from './returned-credits.ts';

/** A payment of an account of ours that came in, as Stripe has it. */
export type StripePayment = Pick<Payment, 'accountId' | 'id' | 'paidCents' | 'returnedCents' | 'currency'>;

/** A payment as the journal has it. */
export interface KnownPayment {
  readonly payment: Payment;
  /** What is to be taken back of its grants by what the journal knows to have gone back. */
  readonly toTakeBack: readonly CreditsOfGrant[];
  /** What the ledger has taken back of each grant; one that the wallet does not have is left out. */
  readonly takenBack: ReadonlyMap<GrantId, number>;
}

/** Compares a payment that came in at Stripe with the journal; null where one of them has none. */
export function comparePayment(atStripe: StripePayment | null, known: KnownPayment | null): Difference[] {
  if (known === null) {
    if (atStripe === null) return [];
    const { id, accountId } = atStripe;
    return [
      {
        kind: 'MISSING',
        subject: 'PAYMENT',
        id,
        accountId,
        message: `Stripe has taken in ${moneyIn(atStripe)}; the journal does not have the payment.`,
      },
    ];
  }
  const { payment } = known;
  const { id, accountId } = payment;
  const about = (kind: Difference['kind'], subject: Difference['subject'], message: string): Difference[] => [
    { kind, subject, id, accountId, message },
  ];
  if (atStripe === null) {
    return about('EXTRA', 'PAYMENT', `Stripe has not taken in the ${moneyIn(payment)} that the journal has.`);
  }
  if (atStripe.paidCents !== payment.paidCents || atStripe.currency !== payment.currency) {
    const message = `Stripe has taken in ${moneyIn(atStripe)}; the journal has ${moneyIn(payment)}.`;
    return about('DIFFERING', 'PAYMENT', message);
  }
  if (atStripe.returnedCents !== payment.returnedCents) {
    const kind = payment.returnedCents === 0 ? 'MISSING' : atStripe.returnedCents === 0 ? 'EXTRA' : 'DIFFERING';
    const message = `${cents(atStripe.returnedCents)} of ${payment.paidCents} went back at Stripe; the journal has ${cents(payment.returnedCents)}.`;
    return about(kind, 'REFUND', message);
  }
  return compareGrants(known).flatMap(({ subject, message }) => about('DIFFERING', subject, message));
}

function compareGrants({ toTakeBack, takenBack }: KnownPayment): Pick<Difference, 'subject' | 'message'>[] {
  return toTakeBack.flatMap(({ grantId, credits }): Pick<Difference, 'subject' | 'message'>[] => {
    const taken = takenBack.get(grantId);
    if (taken === undefined) return [{ subject: 'PAYMENT', message: `The wallet does not have its grant ${grantId}.` }];
    if (taken === credits) return [];
    return [
      {
        subject: 'REFUND',
        message: `${credits} credits of the grant ${grantId} are to be taken back; ${taken} were.`,
      },
    ];
  });
}

const cents = (amount: number): string => `${amount} ${amount === 1 ? 'cent' : 'cents'}`;
const moneyIn = ({ paidCents, currency }: Pick<Payment, 'paidCents' | 'currency'>): string =>
  `${cents(paidCents)} (${currency})`;
