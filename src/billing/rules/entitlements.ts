import type { Instant } from '../../clock.ts';
import type { SubscriptionStatus } from '../types.ts';
import { monthsOf, type Stretch } from './months.ts';

/** A line of an invoice that was paid, as far as it says what was paid for. */
export interface PaidLine extends Stretch {
  readonly invoiceId: string;
  readonly planCode: string;
  /** It balances a change in the middle of a period, and is no period's own price. */
  readonly isProration: boolean;
  /** Negative for what a change gives back. */
  readonly amountCents: number;
}

/** What Stripe says of a subscription, as far as credits follow from it. */
export interface SubscriptionFacts {
  readonly status: SubscriptionStatus;
  readonly planCode: string;
  /** Where its months begin. */
  readonly anchor: Instant;
  readonly trial: Stretch | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly endedAt: Instant | null;
  readonly lines: readonly PaidLine[];
}

/** Credits that a subscription gives once, from an instant on. */
export interface Entitlement extends Stretch {
  /** UPGRADE: what the new plan gives more than the month has given, until the month's end. */
  readonly kind: 'TRIAL' | 'MONTH' | 'UPGRADE';
  readonly planCode: string;
  /** What paid for it; null for a trial. */
  readonly invoiceId: string | null;
  /** When its credits end, unless a successor's come earlier. */
  readonly creditsEndAt: Instant;
}

/** How long credits may outlive their period while the next payment is on its way: Stripe keeps a renewal's invoice in draft for about an hour, and tries a card again for days. */
export const graceMs = 72 * 60 * 60 * 1_000;

/** These give nothing new, whatever was paid; so does a status that is not known here. */
const givesNothingNew: ReadonlySet<SubscriptionStatus> = new Set([
  'UNPAID',
  'PAUSED',
  'INCOMPLETE',
  'INCOMPLETE_EXPIRED',
]);

/**
 * All that a subscription gives, in order of time, past and future: a pure reading of Stripe's present state, so that
 * it does not matter which event asked for it, or how often.
 */
export function entitlementsOf(facts: SubscriptionFacts): Entitlement[] {
  if (givesNothingNew.has(facts.status)) return [];
  const months = paidMonths(facts);
  const given = [...trialOf(facts), ...months, ...upgradesOf(facts, months)];
  const { endedAt } = facts;
  return given
    .filter(({ startsAt }) => endedAt === null || startsAt < endedAt)
    .sort((left, right) => left.startsAt - right.startsAt || rankOf[left.kind] - rankOf[right.kind]);
}

const rankOf = { TRIAL: 0, MONTH: 1, UPGRADE: 2 } as const;

/** When the credits of a period end, by what is known of the subscription now. */
function creditsEndOf(
  { startsAt, endsAt }: Stretch,
  facts: Pick<SubscriptionFacts, 'cancelAtPeriodEnd' | 'endedAt' | 'lines'>,
): Instant {
  const { endedAt } = facts;
  if (endedAt !== null) return endedAt < endsAt ? endedAt : endsAt;
  const isFollowed =
    !facts.cancelAtPeriodEnd ||
    facts.lines.some((line) => isOfAPeriod(line) && line.endsAt > endsAt && line.startsAt <= startsAt);
  return isFollowed ? ((endsAt + graceMs) as Instant) : endsAt; // A later instant is an instant.
}

function trialOf({ trial, planCode, endedAt }: SubscriptionFacts): Entitlement[] {
  if (trial === null) return [];
  const creditsEndAt = endedAt !== null && endedAt < trial.endsAt ? endedAt : trial.endsAt;
  return [{ kind: 'TRIAL', ...trial, planCode, invoiceId: null, creditsEndAt }];
}

const isOfAPeriod = ({ isProration }: PaidLine): boolean => !isProration;

function paidMonths(facts: SubscriptionFacts): Entitlement[] {
  const { trial, anchor, lines } = facts;
  const isOfTheTrial = ({ startsAt }: PaidLine): boolean => trial !== null && startsAt < trial.endsAt;
  return lines
    .filter((line) => isOfAPeriod(line) && !isOfTheTrial(line))
    .flatMap((line) =>
      monthsOf(anchor, line).map((month): Entitlement => {
        // A year that was upgraded goes on at the new plan.
        const change = lastChangeBefore(facts, month.startsAt);
        const planCode = change !== null && change.startsAt > line.startsAt ? change.planCode : line.planCode;
        return {
          kind: 'MONTH',
          ...month,
          planCode,
          invoiceId: line.invoiceId,
          creditsEndAt: creditsEndOf(month, facts),
        };
      }),
    );
}

function lastChangeBefore({ lines }: SubscriptionFacts, instant: Instant): PaidLine | null {
  const changes = changesIn(lines).filter(({ startsAt, endsAt }) => startsAt <= instant && instant < endsAt);
  return changes.toSorted((left, right) => left.startsAt - right.startsAt).at(-1) ?? null;
}

/** What the new plan costs for the rest of the period; what the old one gives back says nothing more. */
const changesIn = (lines: readonly PaidLine[]): PaidLine[] =>
  lines.filter(({ isProration, amountCents }) => isProration && amountCents > 0);

/** Changes in the middle of a paid month. One whose month is not paid for gives nothing. */
function upgradesOf(facts: SubscriptionFacts, months: readonly Entitlement[]): Entitlement[] {
  return changesIn(facts.lines).flatMap((line): Entitlement[] => {
    const month = months.find(({ startsAt, endsAt }) => startsAt <= line.startsAt && line.startsAt < endsAt);
    if (month === undefined) return [];
    const { planCode, invoiceId, startsAt } = line;
    return [{ kind: 'UPGRADE', startsAt, endsAt: month.endsAt, planCode, invoiceId, creditsEndAt: month.creditsEndAt }];
  });
}
