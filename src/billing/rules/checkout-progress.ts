import type { Checkout } from '../types.ts';

/** How far a checkout is, as it is told to its buyer. */
export type CheckoutProgress =
  'WAITING_FOR_PAYMENT' | 'WAITING_FOR_BANK' | 'PAID_CREDITS_ARRIVING' | 'CREDITED' | 'EXPIRED' | 'FAILED';

/** How far a checkout is, by all that is known of it here. */
export function checkoutProgress({ status, payment }: Pick<Checkout, 'status' | 'payment'>): CheckoutProgress {
  switch (status) {
    case 'COMPLETED':
      return 'CREDITED';
    case 'EXPIRED':
    case 'FAILED':
      return status;
    case 'CREATED':
      if (payment === null) return 'WAITING_FOR_PAYMENT';
      return payment === 'PAID' ? 'PAID_CREDITS_ARRIVING' : 'WAITING_FOR_BANK';
  }
}
