import type { PlanChange as Change, PlanSubscription as Subscription } from '../billing/index.ts';
import {
  CheckoutUnavailableError,
  IdempotencyConflictError,
  InvalidInputError,
  NoSubscriptionError,
  NotPurchasableError,
  PaymentProviderError,
  UnknownPlanError,
} from '../errors.ts';
import { toMoney } from '../resolvers/money.ts';
import * as resolve from '../resolvers/plan-subscription.ts';
import { BillingInterval } from './billing.ts';
import { builder } from './builder.ts';
import { Plan } from './catalog.ts';
import { ErrorInterface } from './error.ts';
import { Money } from './money.ts';
import { NodeInterface } from './node.ts';

const SubscriptionStatus = builder.enumType('SubscriptionStatus', {
  description: "Where a subscription stands, in Stripe's words. A status that Stripe invents later shows as PAUSED.",
  values: {
    TRIALING: { description: 'It is being tried; the quota was given once, until the end of the trial.' },
    ACTIVE: { description: 'It is paid.' },
    PAST_DUE: {
      description:
        'The last payment failed and is tried again; what is there stays for at most 72 hours past the period.',
    },
    CANCELED: { description: 'It has ended.' },
    INCOMPLETE: { description: 'The first payment is not there.' },
    INCOMPLETE_EXPIRED: { description: 'The first payment never came.' },
    UNPAID: { description: 'Payments failed and are not tried any more; nothing new is given.' },
    PAUSED: { description: 'Nothing is paid and nothing new is given at the moment.' },
  } as const,
});

export const PlanSubscription = builder.objectRef<Subscription>('PlanSubscription');
PlanSubscription.implement({
  description: 'A plan that an account pays for regularly.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    plan: t.field({
      type: Plan,
      description: 'The plan.',
      resolve: ({ planCode }, _args, context) => resolve.planBought(context, planCode),
    }),
    status: t.expose('status', { type: SubscriptionStatus, description: 'Where it stands.' }),
    interval: t.expose('interval', { type: BillingInterval, description: 'How often it is paid.' }),
    currentPeriodStart: t.expose('currentPeriodStart', {
      type: 'DateTime',
      description: 'When the period began that was last paid for.',
    }),
    currentPeriodEnd: t.expose('currentPeriodEnd', {
      type: 'DateTime',
      description: 'When that period ends, and the next payment is due.',
    }),
    cancelAtPeriodEnd: t.exposeBoolean('cancelAtPeriodEnd', {
      description: 'Whether it ends with its period instead of being paid again.',
    }),
    nextPlan: t.field({
      type: Plan,
      nullable: true,
      description: 'The plan that it changes to when its period ends; null when it stays as it is.',
      resolve: ({ next }, _args, context) => (next === null ? null : resolve.planBought(context, next.planCode)),
    }),
    nextInterval: t.field({
      type: BillingInterval,
      nullable: true,
      description: 'How often it is paid from then on; null when it stays as it is.',
      resolve: ({ next }) => next?.interval ?? null,
    }),
  }),
});

const PlanChange = builder.objectRef<Change>('PlanChange').implement({
  description: 'What a change of plan does, or would do.',
  fields: (t) => ({
    subscription: t.field({
      type: PlanSubscription,
      description: 'The subscription: as it is, for a preview; else as it is after the change.',
      resolve: ({ subscription }) => subscription,
    }),
    effectiveAt: t.expose('effectiveAt', {
      type: 'DateTime',
      description: 'When the plan changes: at once for more credits at the same interval, else when the period ends.',
    }),
    creditsNow: t.exposeInt('creditsNow', {
      description: "Credits that come at once: the new plan's quota less what the present month has given; 0 or more.",
    }),
    amountDueNow: t.field({
      type: Money,
      description: 'What is charged at once, for the rest of the period.',
      resolve: ({ amountDueNowCents, currency }) => toMoney(amountDueNowCents, currency),
    }),
  }),
});

builder.objectType(NoSubscriptionError, {
  name: 'NoSubscriptionError',
  description: 'The account has no subscription.',
  interfaces: [ErrorInterface],
});

const PlanChangeResult = builder.errorUnion('PlanChangeResult', {
  description: 'What the change does, or why it cannot be made.',
  types: [
    NoSubscriptionError,
    UnknownPlanError,
    NotPurchasableError,
    CheckoutUnavailableError,
    PaymentProviderError,
    InvalidInputError,
    IdempotencyConflictError,
    PlanChange,
  ],
  resolveType: () => PlanChange,
});

const SubscriptionChangeResult = builder.errorUnion('SubscriptionChangeResult', {
  description: 'The subscription after the change, or why it was not made.',
  types: [
    NoSubscriptionError,
    CheckoutUnavailableError,
    PaymentProviderError,
    InvalidInputError,
    IdempotencyConflictError,
    PlanSubscription,
  ],
  resolveType: () => PlanSubscription,
});

const ChangePlanInput = builder.inputType('ChangePlanInput', {
  description: 'The plan to change to.',
  fields: (t) => ({
    planCode: t.string({ required: true, description: 'The plan.' }),
    interval: t.field({
      type: BillingInterval,
      required: true,
      defaultValue: 'MONTH',
      description: 'How often it is paid.',
    }),
    idempotencyKey: t.string({ description: 'Or the Idempotency-Key header; 1 to 255 characters.' }),
  }),
});

const CancelSubscriptionInput = builder.inputType('CancelSubscriptionInput', {
  description: 'When to end the subscription.',
  fields: (t) => ({
    atPeriodEnd: t.boolean({
      required: true,
      defaultValue: true,
      description: 'True: with its period, as its credits do. False: now, with all credits of the plan. Packs stay.',
    }),
    idempotencyKey: t.string({ description: 'Or the Idempotency-Key header; 1 to 255 characters.' }),
  }),
});

builder.queryFields((t) => ({
  subscription: t.field({
    type: PlanSubscription,
    nullable: true,
    description: "The caller's subscription that has not ended; null without any.",
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => resolve.subscription(context),
  }),
  previewPlanChange: t.field({
    type: PlanChangeResult,
    description: 'What `changePlan` would do now; it changes nothing.',
    authScopes: { signedIn: true },
    args: {
      planCode: t.arg.string({ required: true, description: 'The plan to change to.' }),
      interval: t.arg({
        type: BillingInterval,
        required: true,
        defaultValue: 'MONTH',
        description: 'How often it is paid.',
      }),
    },
    resolve: (_root, wanted, context) => resolve.previewPlanChange(context, wanted),
  }),
}));

builder.mutationFields((t) => ({
  changePlan: t.field({
    type: PlanChangeResult,
    description:
      'Changes the plan of the subscription: at once and balanced for more credits at the same interval, else when the period ends.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: ChangePlanInput, required: true, description: 'The plan.' }) },
    resolve: (_root, { input }, context) => resolve.changePlan(context, input),
  }),
  cancelSubscription: t.field({
    type: SubscriptionChangeResult,
    description: 'Ends the subscription, with its period or now.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CancelSubscriptionInput, required: true, description: 'When.' }) },
    resolve: (_root, { input }, context) => resolve.cancelSubscription(context, input),
  }),
  resumeSubscription: t.field({
    type: SubscriptionChangeResult,
    description: 'Goes on with a subscription that was to end with its period, or that is paused.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => resolve.resumeSubscription(context),
  }),
}));
