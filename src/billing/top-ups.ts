import type Stripe from 'stripe';
import type { Catalog } from '../catalog/index.ts';
import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler } from '../jobs/index.ts';
import { type AccountId, type Credits, type GrantId, idempotencyKeyOf, type Ledger } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import {
  deleteTopUpJob,
  forgetFailedPaymentMethod,
  readAutoTopUp,
  resumeAutoTopUp,
  suspendAutoTopUp,
} from './auto-top-up.store.ts';
import { findChargeable } from './chargeable.ts';
import { findAccountOfCustomer } from './checkout.store.ts';
import type { PresentPlans } from './present-plans.ts';
import { suspensionAfter } from './rules/declines.ts';
import { decideTopUp, needsTopUp, startOfMonth, topUpRetryMs } from './rules/top-up.ts';
import { type StripeUnits, UnitBusyError } from './stripe-units.ts';
import type { Outcome } from './subscriptions.ts';
import { chargeTopUp, type TopUpCharge } from './top-up-charge.ts';
import type { TopUpNeeds } from './top-up-needs.ts';
import {
  countPaidTopUps,
  failTopUp,
  findTopUp,
  insertTopUp,
  type PaidTopUp,
  readPendingTopUp,
  writePaymentIntent,
} from './top-up.store.ts';
import type { AutoTopUp, Payment, TopUp, TopUpId } from './types.ts';

/** Accounts that are topped up, one charge at a time. */
export interface TopUps {
  /** Looks after an account: finishes the charge that is under way, or makes one where it is needed. */
  readonly look: JobHandler;
  /** Whether an order was made here. */
  isKnown(topUpId: string): Promise<boolean>;
  /** Brings an order up to date, for an event about its payment. */
  bringUpToDate(topUpId: string): Promise<Outcome>;
  /** An account may pay with something else now, or again with what `updatedPaymentMethodId` names. */
  paymentMethodChanged(accountId: AccountId, updatedPaymentMethodId?: string): Promise<Outcome>;
  /** The same for a customer of Stripe's, who may be none of ours. */
  customerChanged(customerId: string, updatedPaymentMethodId?: string): Promise<Outcome>;
  /** The money of a top-up goes back: nothing is charged until its owner wants it again. */
  suspendForReturn(accountId: AccountId): Promise<void>;
}

export interface TopUpDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly units: StripeUnits;
  readonly plans: PresentPlans;
  readonly stripe: Stripe;
  readonly needs: TopUpNeeds;
  /** Told why an account that needs a top-up gets none. */
  readonly onTopUpHeldUp: (accountId: AccountId, reason: string) => void;
}

/** Another process is at the same account, which takes moments. */
const busyRetryMs = 500;

export function createTopUps(dependencies: TopUpDependencies): TopUps {
  const { clock, database, needs, units } = dependencies;
  const { prisma } = database;
  const unitOf = (accountId: AccountId): string => `top_up_${accountId}`;

  /** One look at an account at a time; gives when to come back, null when nothing is to come. */
  const lookAlone = async (accountId: AccountId): Promise<Instant | null> => {
    const found: { comeBackAt: Instant | null } = { comeBackAt: null };
    await units.bringUpToDate(unitOf(accountId), null, async () => {
      found.comeBackAt = await lookAfter(dependencies, accountId);
    });
    return found.comeBackAt;
  };

  const find = async (topUpId: string): Promise<TopUp | null> =>
    isStorable(topUpId) ? findTopUp(prisma, topUpId as TopUpId) : null; // Found, or nothing.

  const paymentMethodChanged: TopUps['paymentMethodChanged'] = async (accountId, updatedPaymentMethodId) => {
    if (updatedPaymentMethodId !== undefined) {
      await forgetFailedPaymentMethod(prisma, accountId, updatedPaymentMethodId);
    }
    const settings = await readAutoTopUp(prisma, accountId);
    if (settings?.enabled !== true || settings.failedPaymentMethodId === null) return 'IGNORED';
    await needs.hasten(accountId);
    return 'APPLIED';
  };

  return {
    look: async (job) => {
      const accountId = job.subjectId as AccountId; // Jobs of this kind are made for accounts.
      try {
        const comeBackAt = await lookAlone(accountId);
        if (comeBackAt !== null) return { kind: 'next', job: 'TOP_UP', dueAt: comeBackAt };
      } catch (error) {
        if (!(error instanceof UnitBusyError)) throw error;
        return { kind: 'next', job: 'TOP_UP', dueAt: later(clock, busyRetryMs) };
      }
      // Whoever spent after the look found the job still there; whoever spends after this finds none.
      await deleteTopUpJob(prisma, job);
      await needs.noticeNow([accountId]);
      return { kind: 'done' };
    },
    isKnown: async (topUpId) => (await find(topUpId)) !== null,
    bringUpToDate: async (topUpId) => {
      const topUp = await find(topUpId);
      if (topUp === null) return 'IGNORED';
      await units.bringUpToDate(unitOf(topUp.accountId), null, async () => {
        const pending = await readPendingTopUp(prisma, topUp.accountId);
        if (pending?.id === topUp.id) await settle(dependencies, pending);
      });
      return 'APPLIED';
    },
    paymentMethodChanged,
    customerChanged: async (customerId, updatedPaymentMethodId) => {
      const accountId = await findAccountOfCustomer(prisma, customerId);
      return accountId === null ? 'IGNORED' : paymentMethodChanged(accountId, updatedPaymentMethodId);
    },
    suspendForReturn: (accountId) =>
      suspendAutoTopUp(prisma, accountId, {
        suspendedReason: 'The payment of a top-up went back. Switch auto top-up on again to go on.',
        failedPaymentMethodId: null,
      }),
  };
}

const later = (clock: Clock, ms: number): Instant => (clock.now() + ms) as Instant; // A later instant is an instant.

/** Finishes what is under way for an account, or does what it needs; gives when to come back, null when nothing is to come. */
async function lookAfter(dependencies: TopUpDependencies, accountId: AccountId): Promise<Instant | null> {
  const { catalog, clock, database, ids, ledger, onTopUpHeldUp } = dependencies;
  const { prisma } = database;
  // What was begun is finished, whatever is wanted by now: its money may have been taken.
  const pending = await readPendingTopUp(prisma, accountId);
  if (pending !== null) return settle(dependencies, pending);

  const stored = await readAutoTopUp(prisma, accountId);
  const wallet = await ledger.wallet(accountId);
  if (stored === null || wallet === null || !stored.enabled) return null;
  const { available, debt, issued } = wallet.state;
  if (stored.failedPaymentMethodId === null && !needsTopUp(stored, available)) return null;

  const chargeable = await findChargeable(dependencies, accountId);
  const settings = chargesAnother(stored, chargeable) ? await resumeAutoTopUp(prisma, stored) : stored;
  if (!needsTopUp(settings, available)) return null;
  const suspend = async (suspendedReason: string, failedPaymentMethodId: string | null): Promise<null> => {
    onTopUpHeldUp(accountId, suspendedReason);
    await suspendAutoTopUp(prisma, accountId, { suspendedReason, failedPaymentMethodId });
    return null;
  };
  if (chargeable === null || chargeable.paymentMethodId === null) {
    return suspend('There is no payment method to charge. Add one.', '');
  }

  const now = clock.now();
  const snapshot = catalog.snapshot();
  const decision = decideTopUp({
    settings,
    wallet: { available, debt, issued },
    pack: snapshot.creditPackByCode.get(settings.packCode ?? '') ?? null,
    paidThisMonth: await countPaidTopUps(prisma, accountId, startOfMonth(now)),
    now,
  });
  switch (decision.kind) {
    case 'suspend':
      return suspend(decision.reason, null);
    case 'wait':
      onTopUpHeldUp(accountId, decision.reason);
      return decision.until;
    case 'charge': {
      const { code: packCode, name: itemName, credits, priceCents } = decision.pack;
      const topUp = await insertTopUp(prisma, {
        accountId,
        id: ids.next('topup') as TopUpId, // A new id with the prefix of top-ups is one.
        packCode,
        itemName,
        credits,
        priceCents,
        currency: snapshot.currency,
        customerId: chargeable.customerId,
        paymentMethodId: chargeable.paymentMethodId,
        paymentIntentId: null,
        createdAt: now,
      });
      return settle(dependencies, topUp);
    }
  }
}

/** Whether what would be charged now is something else than what failed. */
function chargesAnother(
  { failedPaymentMethodId }: AutoTopUp,
  chargeable: { readonly paymentMethodId: string | null } | null,
): boolean {
  if (failedPaymentMethodId === null || chargeable === null || chargeable.paymentMethodId === null) return false;
  return chargeable.paymentMethodId !== failedPaymentMethodId;
}

/** Charges an order, or finds the charge that was begun, and does what follows from it. */
async function settle(dependencies: TopUpDependencies, topUp: TopUp): Promise<Instant | null> {
  const { clock, database, stripe } = dependencies;
  const charge = await chargeTopUp(stripe, topUp, clock.now());
  switch (charge.kind) {
    case 'paid':
      await grantTopUp(dependencies, topUp, charge.payment);
      return null;
    case 'under-way':
      await writePaymentIntent(database.prisma, topUp, charge.paymentIntentId);
      return later(clock, topUpRetryMs);
    case 'failed':
      return endFailed(dependencies, topUp, charge);
    case 'unknown':
      await failTopUp(database.prisma, topUp, {
        failure: 'It did not reach Stripe within a day.',
        paymentIntentId: null,
        endedAt: clock.now(),
        next: null,
      });
      return null;
  }
}

async function endFailed(
  { clock, database, onTopUpHeldUp }: TopUpDependencies,
  topUp: TopUp,
  { paymentIntentId, decline }: TopUpCharge & { kind: 'failed' },
): Promise<Instant | null> {
  const { prisma } = database;
  const settings = await readAutoTopUp(prisma, topUp.accountId);
  const failures = (settings?.failures ?? 0) + 1;
  const suspendedReason = suspensionAfter(decline, failures);
  const retryAt = later(clock, topUpRetryMs);
  await failTopUp(prisma, topUp, {
    failure: decline.code,
    paymentIntentId,
    endedAt: clock.now(),
    next: { failures, retryAt, suspendedReason },
  });
  onTopUpHeldUp(topUp.accountId, suspendedReason ?? `A charge has failed (${decline.code}) and is tried again later.`);
  return suspendedReason === null ? retryAt : null;
}

/** Gives the credits of a paid order, once: the order's id is the key under which they are given. */
async function grantTopUp(
  { ids, ledger }: TopUpDependencies,
  { accountId, id, itemName, credits }: TopUp,
  paid: Pick<Payment, 'id' | 'paidCents' | 'currency' | 'createdAt'>,
): Promise<void> {
  const grantId = ids.next('grant') as GrantId; // A new id with the prefix of grants is one.
  const answer = await ledger.execute({
    accountId,
    command: {
      kind: 'grant',
      grantId,
      source: 'PACK',
      category: 'PAID',
      priority: 30,
      amount: credits as Credits, // More than 0 for every pack, by its CHECK constraint.
      effectiveAt: null,
      expiresAt: null,
      reason: itemName,
    },
    key: idempotencyKeyOf({ idempotencyKey: id }, { accountId, mutation: 'topUp.paid', subjectId: grantId }),
    attach: (_effect, now) => {
      const row: PaidTopUp = { accountId, id, paymentIntentId: paid.id, endedAt: now };
      const payment: Payment = {
        ...paid,
        accountId,
        kind: 'TOP_UP',
        subjectId: id,
        grantId,
        credits,
        returnedCents: 0,
      };
      return [
        { writer: 'paid-top-up', row },
        { writer: 'payment', row: payment },
      ];
    },
  });
  if (answer.kind !== 'applied' && answer.kind !== 'replayed') {
    throw new Error(`The credits of ${id} were not granted: ${JSON.stringify(answer)}.`);
  }
}
