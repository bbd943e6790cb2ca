import { type Catalog, findPlan } from '../catalog/index.ts';
import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import {
  type Credits,
  type GrantId,
  idempotencyKeyOf,
  type Ledger,
  type LedgerAnswer,
  type Rollover,
} from '../ledger/index.ts';
import type { PaidOrder } from './checkout.store.ts';
import { entitledCredits } from './rules/entitled-credits.ts';
import { type Entitlement, entitlementsOf, graceMs, type SubscriptionFacts } from './rules/entitlements.ts';
import { type EndOfCredits, readPeriods } from './subscription.store.ts';
import type { Checkout, PlanPeriod, PlanSubscription } from './types.ts';

/** The plan's own credits burn first, then what rolled over. */
const planPriority = 10;
const rolloverPriority = 20;

export interface PlanCreditsDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
}

/**
 * Gives what a subscription entitles to by now and was not given yet, in the order of time, and lets credits end when
 * they should by what is known now. Gives the instant of the next entitlement; null when none is known.
 */
export async function givePlanCredits(
  dependencies: PlanCreditsDependencies,
  subscription: PlanSubscription,
  facts: SubscriptionFacts,
  order: Checkout | null,
): Promise<Instant | null> {
  const now = dependencies.clock.now();
  const entitlements = entitlementsOf(facts);
  for (const entitlement of entitlements.filter(({ startsAt }) => startsAt <= now)) {
    // Read anew: each one changes what the next finds.
    const given = await readPeriods(dependencies.database.prisma, subscription);
    const isGiven = given.some(({ kind, startsAt }) => kind === entitlement.kind && startsAt === entitlement.startsAt);
    if (!isGiven) await give(dependencies, subscription, entitlement, given, order);
  }
  await moveEnds(dependencies, subscription, facts, entitlements);
  return entitlements.find(({ startsAt }) => startsAt > now)?.startsAt ?? null;
}

async function give(
  dependencies: PlanCreditsDependencies,
  subscription: PlanSubscription,
  entitlement: Entitlement,
  given: readonly PlanPeriod[],
  order: Checkout | null,
): Promise<void> {
  const { clock, ids, ledger, catalog } = dependencies;
  const plan = findPlan(catalog.snapshot(), entitlement.planCode);
  const credits = entitledCredits(entitlement, given, plan?.monthlyQuota ?? 0, order);
  if (credits === 0) return;
  const { accountId } = subscription;
  const now = clock.now();
  const grantId = ids.next('grant') as GrantId; // A new id with the prefix of grants is one.
  // What comes late lives for a while, until its successor or the end of the subscription is applied, right after it.
  const expiresAt = entitlement.creditsEndAt > now ? entitlement.creditsEndAt : ((now + graceMs) as Instant);
  const grant = {
    grantId,
    source: 'PLAN',
    category: entitlement.kind === 'TRIAL' ? 'PROMOTIONAL' : 'PAID',
    priority: planPriority,
    amount: credits as Credits, // More than 0, and no quota is above the most that a wallet holds.
    expiresAt,
    reason: reasonOf(entitlement, plan?.name ?? entitlement.planCode),
  } as const;
  const isFirst = given.length === 0;
  const answer = await ledger.execute({
    accountId,
    command:
      entitlement.kind === 'MONTH'
        ? {
            kind: 'renew',
            ...grant,
            ...successionOf(entitlement, liveAt(now, given), expiresAt, plan?.rolloverCap ?? 0, ids),
          }
        : { kind: 'grant', ...grant, effectiveAt: null },
    key: keyOf(subscription, entitlement, grantId),
    attach: (effect, at) => {
      const period: PlanPeriod = {
        accountId,
        subscriptionId: subscription.id,
        kind: entitlement.kind,
        startsAt: entitlement.startsAt,
        endsAt: entitlement.endsAt,
        planCode: entitlement.planCode,
        credits,
        invoiceId: entitlement.invoiceId,
        grantId,
        rolloverGrantId: effect.kind === 'renew' ? (effect.rollover?.id ?? null) : null,
        creditsEndAt: expiresAt,
      };
      const endedIds = entitlement.kind === 'MONTH' ? liveAt(at, given).map((ended) => ended.grantId) : [];
      const ended: EndOfCredits = { accountId, grantIds: endedIds, creditsEndAt: at };
      const paid: PaidOrder | null =
        isFirst && order !== null ? { accountId, id: order.id, creditsGranted: credits, completedAt: at } : null;
      return [
        { writer: 'plan-period', row: period },
        ...(endedIds.length === 0 ? [] : [{ writer: 'end-of-credits', row: ended }]),
        ...(paid === null ? [] : [{ writer: 'paid-order', row: paid }]),
      ];
    },
  });
  expectDone(answer, `The credits of ${subscription.id} from ${entitlement.startsAt} on`);
}

const liveAt = (instant: Instant, given: readonly PlanPeriod[]): PlanPeriod[] =>
  given.filter(({ creditsEndAt }) => creditsEndAt > instant);

/** What ends with the coming of a month's credits, and what of it rolls over: what is left of the month right before. */
function successionOf(
  { startsAt }: Entitlement,
  live: readonly PlanPeriod[],
  expiresAt: Instant,
  cap: number,
  ids: IdSource,
): { endsGrantIds: GrantId[]; rollover: Rollover | null } {
  const before = live.filter(({ kind, endsAt }) => kind !== 'TRIAL' && endsAt === startsAt);
  return {
    endsGrantIds: live.flatMap(({ grantId, rolloverGrantId }) =>
      rolloverGrantId === null ? [grantId] : [grantId, rolloverGrantId],
    ),
    rollover:
      cap === 0 || before.length === 0
        ? null
        : {
            grantId: ids.next('grant') as GrantId, // A new id with the prefix of grants is one.
            category: 'PAID',
            priority: rolloverPriority,
            expiresAt,
            reason: 'Left over from the month before',
            fromGrantIds: before.map(({ grantId }) => grantId),
            cap,
          },
  };
}

/** Lets live credits end when they should by what is known of the subscription now: it may have been cancelled or resumed. */
async function moveEnds(
  { clock, database, ledger }: PlanCreditsDependencies,
  subscription: PlanSubscription,
  facts: SubscriptionFacts,
  entitlements: readonly Entitlement[],
): Promise<void> {
  const { accountId } = subscription;
  const now = clock.now();
  for (const period of liveAt(now, await readPeriods(database.prisma, subscription))) {
    const entitlement = entitlements.find(({ kind, startsAt }) => kind === period.kind && startsAt === period.startsAt);
    // One that ended in the second in which it began entitles to nothing any more.
    const creditsEndAt = entitlement?.creditsEndAt ?? facts.endedAt ?? period.creditsEndAt;
    // What came late has been given a while of its own, unless the subscription has ended.
    const isKept = creditsEndAt <= now && facts.endedAt === null;
    if (isKept || creditsEndAt === period.creditsEndAt) continue;
    const { grantId, rolloverGrantId } = period;
    const end: EndOfCredits = { accountId, grantIds: [grantId], creditsEndAt };
    const answer = await ledger.execute({
      accountId,
      command: {
        kind: 'reschedule',
        grantIds: rolloverGrantId === null ? [grantId] : [grantId, rolloverGrantId],
        expiresAt: creditsEndAt,
        reason: facts.endedAt === null ? 'The subscription was changed.' : 'The subscription ended.',
      },
      attach: () => [{ writer: 'end-of-credits', row: end }],
    });
    expectDone(answer, `The end of the credits of ${subscription.id}`);
  }
}

function keyOf(subscription: PlanSubscription, { kind, startsAt }: Entitlement, subjectId: GrantId) {
  const idempotencyKey = `${subscription.id} ${kind} ${startsAt}`;
  return idempotencyKeyOf(
    { idempotencyKey },
    { accountId: subscription.accountId, mutation: 'plan.period', subjectId },
  );
}

function reasonOf({ kind }: Entitlement, planName: string): string {
  switch (kind) {
    case 'TRIAL':
      return `${planName} plan: trial`;
    case 'MONTH':
      return `${planName} plan`;
    case 'UPGRADE':
      return `Upgrade to the ${planName} plan`;
  }
}

function expectDone(answer: LedgerAnswer, what: string): void {
  if (answer.kind === 'applied' || answer.kind === 'replayed') return;
  throw new Error(`${what} were not written: ${JSON.stringify(answer)}.`);
}
