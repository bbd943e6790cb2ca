import Stripe from 'stripe';
import { PaymentProviderError } from '../errors.ts';

/** How long to wait before Stripe is asked again. */
const retryAfterMs = 5_000;

/** Does something with Stripe. Throws {@link PaymentProviderError} when Stripe does not do it, and tells the log why. */
export async function withStripe<Result>(
  work: () => Promise<Result>,
  onProviderError: (error: unknown) => void,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    onProviderError(error);
    throw new PaymentProviderError(retryAfterMs);
  }
}
