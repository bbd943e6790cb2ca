import type Stripe from 'stripe';
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import {
  CheckoutUnavailableError,
  type InputIssue,
  InvalidInputError,
  NoCustomerError,
  UnknownCreditPackError,
} from '../errors.ts';
import { type AccountId, maximumCredits } from '../ledger/index.ts';
import { readAutoTopUp, writeAutoTopUp } from './auto-top-up.store.ts';
import { findChargeable } from './chargeable.ts';
import type { PresentPlans } from './present-plans.ts';
import { withStripe } from './stripe-failures.ts';
import type { TopUpNeeds } from './top-up-needs.ts';
import { type AutoTopUp, billingModeNames } from './types.ts';

/** What an account wants, as it was sent. */
export interface SetAutoTopUpInput {
  readonly enabled: boolean;
  /** Null: as before. */
  readonly threshold: number | null;
  readonly packCode: string | null;
  /** Undefined: as before; null: no limit. */
  readonly monthlyLimit: number | null | undefined;
}

interface SetDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly mode: BillingMode;
  readonly plans: PresentPlans;
  /** Null when billing is disabled. */
  readonly connection: { readonly stripe: Stripe; readonly needs: TopUpNeeds } | null;
  readonly onProviderError: (error: unknown) => void;
}

/**
 * Sets whether and how an account tops itself up. Throws, in this order, `InvalidInputError` (shape),
 * `CheckoutUnavailableError`, `UnknownCreditPackError`, `InvalidInputError` (the pack is too small), `NoCustomerError`,
 * `PaymentProviderError`. Switching it off needs nothing.
 */
export async function setAutoTopUp(
  dependencies: SetDependencies,
  accountId: AccountId,
  input: SetAutoTopUpInput,
): Promise<AutoTopUp> {
  const { catalog, clock, connection, database, mode } = dependencies;
  const before = await readAutoTopUp(database.prisma, accountId);
  const wanted = {
    accountId,
    enabled: input.enabled,
    threshold: input.threshold ?? before?.threshold ?? null,
    packCode: input.packCode ?? before?.packCode ?? null,
    monthlyLimit: input.monthlyLimit === undefined ? (before?.monthlyLimit ?? null) : input.monthlyLimit,
  };
  checkShape(wanted);
  const packCode = wanted.enabled ? wanted.packCode : input.packCode;
  if (wanted.enabled && connection === null) throw new CheckoutUnavailableError(billingModeNames[mode]);
  const pack = packCode === null ? null : catalog.snapshot().creditPackByCode.get(packCode);
  if (pack === undefined) throw new UnknownCreditPackError(packCode ?? '');
  const now = clock.now();
  if (!wanted.enabled || connection === null) {
    return writeAutoTopUp(database.prisma, wanted, { resumes: false, now });
  }
  if (pack !== null && wanted.threshold !== null && pack.credits < wanted.threshold) {
    const message = `Holds ${pack.credits} credits, fewer than the threshold: one charge could not close the gap.`;
    throw new InvalidInputError([{ path: ['input', 'packCode'], message }]);
  }
  const charged = await requireChargeable(dependencies, connection, accountId);
  const failed = before?.failedPaymentMethodId ?? null;
  const settings = await writeAutoTopUp(database.prisma, wanted, { resumes: failed !== charged, now });
  await connection.needs.hasten(accountId);
  return settings;
}

function checkShape({ enabled, threshold, packCode, monthlyLimit }: Omit<AutoTopUpWanted, 'accountId'>): void {
  const issues: InputIssue[] = [];
  const invalid = (field: string, message: string) => issues.push({ path: ['input', field], message });
  if (threshold === null && enabled) invalid('threshold', 'Is needed to switch it on for the first time.');
  if (threshold !== null && !(threshold >= 1 && threshold <= maximumCredits)) {
    invalid('threshold', `Must be from 1 to ${maximumCredits}.`);
  }
  if (packCode === null && enabled) invalid('packCode', 'Is needed to switch it on for the first time.');
  if (monthlyLimit !== null && monthlyLimit < 1) {
    invalid('monthlyLimit', 'Must be at least 1. Null is no limit; to stop, switch it off.');
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
}

type AutoTopUpWanted = Parameters<typeof writeAutoTopUp>[1];

/** The payment method that would be charged. */
async function requireChargeable(
  { database, plans, onProviderError }: SetDependencies,
  { stripe }: { readonly stripe: Stripe },
  accountId: AccountId,
): Promise<string> {
  const chargeable = await withStripe(() => findChargeable({ database, plans, stripe }, accountId), onProviderError);
  if (chargeable === null) {
    throw new NoCustomerError(
      'Nothing was bought yet. Buy a plan, which keeps its card, or a pack and then add a card.',
    );
  }
  if (chargeable.paymentMethodId === null) {
    throw new NoCustomerError('There is no card to charge. Add one through the customer portal, or buy a plan.');
  }
  return chargeable.paymentMethodId;
}
