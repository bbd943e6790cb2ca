import { expect } from 'vitest';
import type { StripeSandboxControls } from '../../src/billing/stripe-sandbox/index.ts';
import { type Outcome, openCheckout } from './billing.ts';
import { advanceClock, setClock } from './move-clock.ts';
import type { TestApp } from './test-app.ts';

/** A grant as its owner sees it, without what differs from run to run. */
export interface GrantRow {
  readonly source: string;
  readonly category: string;
  readonly state: string;
  readonly amount: number;
  readonly remaining: number;
  readonly held: number;
  readonly consumed: number;
  readonly expired: number;
  readonly revoked: number;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly reason: string | null;
}

export interface WalletRow {
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  readonly rollover: number;
  readonly topUp: number;
  readonly monthly: { readonly quota: number; readonly remaining: number; readonly resetsAt: string | null };
  readonly plan: { readonly code: string };
}

export interface SubscriptionRow {
  readonly id: string;
  readonly plan: { readonly code: string };
  readonly status: string;
  readonly interval: string;
  readonly currentPeriodStart: string;
  readonly currentPeriodEnd: string;
  readonly cancelAtPeriodEnd: boolean;
  readonly nextPlan: { readonly code: string } | null;
}

const subscriptionFields =
  'id plan { code } status interval currentPeriodStart currentPeriodEnd cancelAtPeriodEnd nextPlan { code } nextInterval';
const errorFields = '... on Error { code message }';
const changeFields = `effectiveAt creditsNow amountDueNow { amount } subscription { ${subscriptionFields} }`;

/** The banks, cardholders and dashboard of the Stripe sandbox. */
export function stripeOf(app: TestApp): StripeSandboxControls {
  if (app.app.stripeSandbox === null) throw new Error('This server has no Stripe sandbox.');
  return app.app.stripeSandbox;
}

/** The session of a checkout, by the address of its page. */
export const sessionIn = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** An account that buys plans and packs in the sandbox, as its front end does it. */
export async function createSubscriber(app: TestApp) {
  const { id, key } = await app.newAccount();
  const stripe = stripeOf(app);

  const ask = async <Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> => {
    const { data, errors } = await app.graphql<Data>(query, { key, variables });
    expect(errors).toEqual([]);
    return data;
  };
  const change = async (document: string, variables: Record<string, unknown>): Promise<Outcome> => {
    const answer = await ask<Record<string, Outcome>>(document, variables);
    const [outcome] = Object.values(answer);
    if (outcome === undefined) throw new Error('A mutation gave no outcome.');
    await app.app.jobs.runDue();
    return outcome;
  };

  const subscriber = {
    id,
    key,
    ask,

    /** Opens a checkout, pays it, and lets all that follows happen. Gives the id of the checkout. */
    buy: async (input: Record<string, unknown>, testMethod?: string): Promise<string> => {
      const checkout = await openCheckout(app, key, input);
      await stripe.pay(sessionIn(checkout.url), testMethod);
      await app.app.jobs.runDue();
      return checkout.id;
    },
    subscribe: (planCode = 'pro', interval: 'MONTH' | 'YEAR' = 'MONTH'): Promise<string> =>
      subscriber.buy({ mode: 'SUBSCRIPTION', planCode, interval }),

    changePlan: (planCode: string, interval: 'MONTH' | 'YEAR' = 'MONTH', idempotencyKey?: string) =>
      change(
        `mutation ($input: ChangePlanInput!) {
          changePlan(input: $input) { __typename ... on PlanChange { ${changeFields} } ${errorFields} }
        }`,
        { input: { planCode, interval, idempotencyKey } },
      ),
    previewPlanChange: (planCode: string, interval: 'MONTH' | 'YEAR' = 'MONTH') =>
      change(
        `query ($planCode: String!, $interval: BillingInterval!) {
          previewPlanChange(planCode: $planCode, interval: $interval) {
            __typename ... on PlanChange { ${changeFields} } ${errorFields}
          }
        }`,
        { planCode, interval },
      ),
    cancel: (atPeriodEnd = true, idempotencyKey?: string) =>
      change(
        `mutation ($input: CancelSubscriptionInput!) {
          cancelSubscription(input: $input) {
            __typename ... on PlanSubscription { ${subscriptionFields} } ${errorFields}
          }
        }`,
        { input: { atPeriodEnd, idempotencyKey } },
      ),
    resume: () =>
      change(
        `mutation {
          resumeSubscription { __typename ... on PlanSubscription { ${subscriptionFields} } ${errorFields} }
        }`,
        {},
      ),

    /** Spends credits on calls of a model that costs 50. */
    spend: async (credits: number): Promise<void> => {
      for (let spent = 0; spent < credits; spent += 50) {
        const { generate } = await ask<{ generate: Outcome }>(
          `mutation {
            generate(input: { modelId: "fal-ai/sora-2/text-to-video/pro", prompt: "A storm" }) { __typename ${errorFields} }
          }`,
        );
        expect(generate).toEqual({ __typename: 'Generation' });
      }
      await app.app.jobs.runDue();
      expect(await advanceClock(app, 60)).toMatchObject({ __typename: 'ClockSetting' });
    },

    wallet: async (): Promise<WalletRow> => {
      const { wallet } = await ask<{ wallet: WalletRow }>(
        '{ wallet { available held debt rollover topUp monthly { quota remaining resetsAt } plan { code } } }',
      );
      return wallet;
    },
    /** All grants but the welcome credits, the oldest first. */
    grants: async (): Promise<GrantRow[]> => {
      const { wallet } = await ask<{ wallet: { grants: { nodes: GrantRow[] } } }>(
        `{ wallet { grants(last: 100) { nodes {
          source category state amount remaining held consumed expired revoked expiresAt createdAt reason
        } } } }`,
      );
      // Of those that came in one millisecond, ids say nothing about the order.
      const key = ({ createdAt, source }: GrantRow): string => `${createdAt} ${source}`;
      return wallet.grants.nodes
        .filter(({ source }) => source !== 'WELCOME')
        .sort((left, right) => (key(left) < key(right) ? -1 : 1));
    },
    subscription: async (): Promise<SubscriptionRow | null> =>
      (await ask<{ subscription: SubscriptionRow | null }>(`{ subscription { ${subscriptionFields} } }`)).subscription,

    /** The id of Stripe's newest payment of this account. */
    lastPayment: async (): Promise<string> => {
      const payment = await app.database.prisma.payment.findFirst({
        where: { accountId: id },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      });
      if (payment === null) throw new Error('The account has paid nothing.');
      return payment.id;
    },

    /** Moves the clock ahead; all that falls due happens on the way. */
    days: async (days: number): Promise<void> => {
      expect(await advanceClock(app, days * 86_400)).toMatchObject({ __typename: 'ClockSetting' });
    },
    at: async (instant: string): Promise<void> => {
      expect(await setClock(app, instant)).toEqual({ __typename: 'ClockSetting', now: instant });
    },
  };
  return subscriber;
}

export type Subscriber = Awaited<ReturnType<typeof createSubscriber>>;
