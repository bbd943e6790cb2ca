import type { AttachmentWriter } from '../ledger/index.ts';
import { checkoutWriters } from './checkout.store.ts';
import { paymentWriters } from './payment.store.ts';
import { subscriptionWriters } from './subscription.store.ts';
import { topUpWriters } from './top-up.store.ts';

/** What the ledger writes for the commands that concern money, by name. */
export const billingWriters: ReadonlyMap<string, AttachmentWriter> = new Map([
  ...checkoutWriters,
  ...paymentWriters,
  ...subscriptionWriters,
  ...topUpWriters,
]);
