import { type Instant, toDate } from '../../clock.ts';
import type { Checkout, Difference, PlanPeriod, PlanSubscription } from '../types.ts';
import { entitledCredits } from './entitled-credits.ts';
import { type Entitlement, entitlementsOf, type SubscriptionFacts } from './entitlements.ts';
import type { Given } from './upgrade-credits.ts';

/** Compares a subscription as Stripe has it with how the journal has it; null where one of them has none. */
export function compareSubscription(atStripe: PlanSubscription | null, known: PlanSubscription | null): Difference[] {
  const present = atStripe ?? known;
  if (present === null) return [];
  const about = (kind: Difference['kind'], message: string): Difference[] => [
    { kind, subject: 'SUBSCRIPTION', id: present.stripeId, accountId: present.accountId, message },
  ];
  if (known === null) return about('MISSING', `The subscription to ${present.planCode} is not in the journal.`);
  if (atStripe === null) return about('EXTRA', `Stripe has no such subscription to one of the plans.`);
  const [wanted, found] = [wordsOf(atStripe), wordsOf(known)];
  const differing = Object.keys(wanted).flatMap((name) =>
    wanted[name] === found[name] ? [] : [`${name} is ${wanted[name]} at Stripe and ${found[name]} in the journal`],
  );
  return differing.length === 0 ? [] : about('DIFFERING', `${differing.join('; ')}.`);
}

/** All that is known of a subscription, in words. */
const wordsOf = (subscription: PlanSubscription): Readonly<Record<string, string>> => ({
  plan: subscription.planCode,
  interval: subscription.interval,
  status: subscription.status,
  'start of the period': wordOf(subscription.currentPeriodStart),
  'end of the period': wordOf(subscription.currentPeriodEnd),
  'to end with the period': subscription.cancelAtPeriodEnd ? 'true' : 'false',
  'next plan': subscription.next === null ? 'none' : `${subscription.next.planCode} (${subscription.next.interval})`,
  'end of the subscription': subscription.endedAt === null ? 'open' : wordOf(subscription.endedAt),
});

const wordOf = (instant: Instant): string => toDate(instant).toISOString();

/** What a subscription gives and has given. */
export interface CreditsOfSubscription {
  readonly subscription: PlanSubscription;
  readonly facts: SubscriptionFacts;
  /** The order that it came from, if it was made here. */
  readonly order: Checkout | null;
  readonly given: readonly PlanPeriod[];
  readonly quotaOf: (planCode: string) => number;
}

/** Compares what a subscription should have given before an instant with what it has given. */
export function comparePlanPeriods(credits: CreditsOfSubscription, before: Instant): Difference[] {
  const { accountId, stripeId } = credits.subscription;
  const missing = missingEntitlements(credits, before).map(({ kind, startsAt, planCode, invoiceId }): Difference => ({
    kind: 'MISSING',
    subject: 'PLAN_PERIOD',
    id: invoiceId ?? stripeId,
    accountId,
    message: `The ${nameOf[kind]} of ${planCode} from ${wordOf(startsAt)} on was not given.`,
  }));
  const extra = unpaidPeriods(credits).map(({ kind, startsAt, planCode, grantId }): Difference => ({
    kind: 'EXTRA',
    subject: 'PLAN_PERIOD',
    id: grantId,
    accountId,
    message: `The ${nameOf[kind]} of ${planCode} from ${wordOf(startsAt)} on was given, and Stripe knows nothing that entitles to it.`,
  }));
  return [...missing, ...extra];
}

const nameOf = { TRIAL: 'trial', MONTH: 'month', UPGRADE: 'upgrade' } as const;

/** What would be given, one after the other, as each changes what the next one is worth. */
function missingEntitlements({ facts, order, given, quotaOf }: CreditsOfSubscription, before: Instant): Entitlement[] {
  const known: Given[] = [...given];
  return entitlementsOf(facts).filter((entitlement) => {
    const { kind, startsAt, endsAt, planCode } = entitlement;
    if (startsAt >= before || known.some((period) => period.kind === kind && period.startsAt === startsAt))
      return false;
    const credits = entitledCredits(entitlement, known, quotaOf(planCode), order);
    if (credits === 0) return false;
    known.push({ kind, startsAt, endsAt, credits });
    return true;
  });
}

/** What was given for an invoice that is not paid, or for a trial that there is not. */
function unpaidPeriods({ facts, given }: CreditsOfSubscription): PlanPeriod[] {
  const paid = new Set(facts.lines.map(({ invoiceId }) => invoiceId));
  return given.filter(({ invoiceId }) => (invoiceId === null ? facts.trial === null : !paid.has(invoiceId)));
}
