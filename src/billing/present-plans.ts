import DataLoader from 'dataloader';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { AccountId } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { readPeriodsAt, readPresentSubscriptions, readSubscription } from './subscription.store.ts';
import type { PlanPeriod, PlanSubscription, SubscriptionId } from './types.ts';

/** What accounts are subscribed to, as it is known here. Concurrent reads are gathered. */
export interface PresentPlans {
  /** The present subscription of an account, an entitled one first; null without any. */
  subscription(accountId: AccountId): Promise<PlanSubscription | null>;
  /** The month or trial that an account is in; null when its plan has given no credits for it. */
  period(accountId: AccountId): Promise<PlanPeriod | null>;
  /** A subscription of an account, also one that has ended. */
  find(accountId: AccountId, id: SubscriptionId): Promise<PlanSubscription | null>;
}

export function createPresentPlans({ database, clock }: { database: Database; clock: Clock }): PresentPlans {
  const { prisma } = database;
  const subscriptions = new DataLoader<AccountId, PlanSubscription | null>(
    (accountIds) => readPresentSubscriptions(prisma, accountIds),
    { cache: false },
  );
  const periods = new DataLoader<AccountId, PlanPeriod | null>(
    (accountIds) => readPeriodsAt(prisma, accountIds, clock.now()),
    { cache: false },
  );
  return {
    subscription: (accountId) => subscriptions.load(accountId),
    period: (accountId) => periods.load(accountId),
    find: async (accountId, id) => (isStorable(id) ? readSubscription(prisma, accountId, id) : null),
  };
}
