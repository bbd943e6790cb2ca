import type { Reconciliation, ReconcileWindow, SetUpStep } from '../billing/index.ts';
import type { Instant } from '../clock.ts';
import type { Context } from './context.ts';

type Optional<Value> = Value | null | undefined;

/** What setting Stripe up did, or would do. */
export interface StripeSetUp {
  readonly steps: readonly SetUpStep[];
  readonly applied: boolean;
}

/** A comparison, and the stretch of time that it was of. */
export type StripeReconciliation = Reconciliation & ReconcileWindow;

/** Makes the products and prices of the catalog in Stripe, or says what would be made. */
export const setUpStripe = async ({ services }: Context, apply: boolean): Promise<StripeSetUp> => ({
  steps: await services.billing.setUpStripe(apply),
  applied: apply,
});

const usualWindowMs = 3 * 24 * 60 * 60 * 1_000;

/** Compares Stripe with the journal, by default over the last three days. */
export async function reconcileStripe(
  { services: { billing, clock } }: Context,
  given: { from?: Optional<Instant>; to?: Optional<Instant>; repair: boolean; after?: Optional<string> },
): Promise<StripeReconciliation> {
  // The end is not included, and what happens now is to be.
  const to = given.to ?? ((clock.now() + 1) as Instant); // A later instant is an instant.
  const window = { from: given.from ?? ((to - usualWindowMs) as Instant), to }; // An earlier one too.
  const { repair, after = null } = given;
  return { ...(await billing.reconcile.run(window, { after, repair })), ...window };
}
