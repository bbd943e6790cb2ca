import DataLoader from 'dataloader';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { gathering } from '../gathering.ts';
import type { AccountId } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { readPresentSubscriptions, readStandings, readSubscription } from './subscription.store.ts';
import type { PlanStanding, PlanSubscription, SubscriptionId } from './types.ts';

/** What accounts are subscribed to, as it is known here. Concurrent reads are gathered. */
export interface PresentPlans {
  /** The present subscription of an account, an entitled one first; null without any. */
  subscription(accountId: AccountId): Promise<PlanSubscription | null>;
  /** The plan that an account is on now, and when its month ends; null for no account. */
  standing(accountId: AccountId): Promise<PlanStanding | null>;
  /** A subscription of an account, also one that has ended. */
  find(accountId: AccountId, id: SubscriptionId): Promise<PlanSubscription | null>;
}

export function createPresentPlans({ database, clock }: { database: Database; clock: Clock }): PresentPlans {
  const { prisma } = database;
  const subscriptions = new DataLoader<AccountId, PlanSubscription | null>(
    (accountIds) => readPresentSubscriptions(prisma, accountIds),
    gathering,
  );
  const standings = new DataLoader<AccountId, PlanStanding | null>(
    (accountIds) => readStandings(prisma, accountIds, clock.now()),
    gathering,
  );
  return {
    subscription: (accountId) => subscriptions.load(accountId),
    standing: (accountId) => standings.load(accountId),
    find: async (accountId, id) => (isStorable(id) ? readSubscription(prisma, accountId, id) : null),
  };
}
