import Stripe from 'stripe';
import type { Instant } from '../clock.ts';
import type { Decline } from './rules/declines.ts';
import { fromStripeTime } from './stripe-time.ts';
import type { Payment, TopUp } from './types.ts';

/** What Stripe says of the charge of a top-up. */
export type TopUpCharge =
  | { readonly kind: 'paid'; readonly payment: Pick<Payment, 'id' | 'paidCents' | 'currency' | 'createdAt'> }
  /** A debit takes days. */
  | { readonly kind: 'under-way'; readonly paymentIntentId: string }
  | { readonly kind: 'failed'; readonly paymentIntentId: string | null; readonly decline: Decline }
  /** It never reached Stripe. */
  | { readonly kind: 'unknown' };

/** Stripe remembers a key for 24 hours; a request that was begun before that is sent again under it. */
const keyLifetimeMs = 23 * 60 * 60 * 1_000;
/** Between Stripe's clock and ours. */
const clockDifferenceSeconds = 300;

/**
 * Charges a top-up, once: asked again, it finds the first charge. Throws what may pass, such as a Stripe that is out of
 * reach; whether money was taken is then unknown until it is asked again.
 */
export async function chargeTopUp(stripe: Stripe, topUp: TopUp, now: Instant): Promise<TopUpCharge> {
  if (topUp.paymentIntentId !== null) return chargeIn(await stripe.paymentIntents.retrieve(topUp.paymentIntentId));
  if (now - topUp.createdAt < keyLifetimeMs) return sendCharge(stripe, topUp);
  const found = await findPaymentIntent(stripe, topUp);
  return found === null ? { kind: 'unknown' } : chargeIn(found);
}

async function sendCharge(stripe: Stripe, topUp: TopUp): Promise<TopUpCharge> {
  try {
    const paymentIntent = await stripe.paymentIntents.create(
      {
        amount: topUp.priceCents,
        currency: topUp.currency,
        customer: topUp.customerId,
        payment_method: topUp.paymentMethodId,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, // Nobody is there to be sent anywhere.
        off_session: true,
        confirm: true,
        description: `${topUp.itemName}, auto top-up`,
        metadata: { top_up_id: topUp.id, account_id: topUp.accountId },
      },
      { idempotencyKey: topUp.id },
    );
    return chargeIn(paymentIntent);
  } catch (error) {
    // Declined, or refused as it stands, such as for a payment method that was taken away: nothing was charged.
    const isRefused =
      error instanceof Stripe.errors.StripeCardError || error instanceof Stripe.errors.StripeInvalidRequestError;
    if (!isRefused) throw error;
    return {
      kind: 'failed',
      paymentIntentId: error.payment_intent?.id ?? null,
      decline: { code: error.decline_code ?? error.code ?? error.type, advice: error.advice_code ?? null },
    };
  }
}

function chargeIn(paymentIntent: Stripe.PaymentIntent): TopUpCharge {
  const { id, status, amount_received: paidCents, currency, created, last_payment_error: error } = paymentIntent;
  if (status === 'succeeded') {
    return { kind: 'paid', payment: { id, paidCents, currency, createdAt: fromStripeTime(created) } };
  }
  if (status === 'processing') return { kind: 'under-way', paymentIntentId: id };
  const decline = { code: error?.decline_code ?? error?.code ?? status, advice: error?.advice_code ?? null };
  return { kind: 'failed', paymentIntentId: id, decline };
}

async function findPaymentIntent(stripe: Stripe, topUp: TopUp): Promise<Stripe.PaymentIntent | null> {
  const since = Math.floor(topUp.createdAt / 1_000) - clockDifferenceSeconds;
  const sent = stripe.paymentIntents.list({ customer: topUp.customerId, created: { gte: since }, limit: 100 });
  for await (const paymentIntent of sent) {
    if (paymentIntent.metadata['top_up_id'] === topUp.id) return paymentIntent;
  }
  return null;
}
