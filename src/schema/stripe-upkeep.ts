import type { Difference, SetUpStep } from '../billing/index.ts';
import { CheckoutUnavailableError, InvalidInputError, PaymentProviderError } from '../errors.ts';
import * as resolve from '../resolvers/stripe-upkeep.ts';
import { builder } from './builder.ts';

const StripeSetUpStepKind = builder.enumType('StripeSetUpStepKind', {
  description: 'What a step of setting Stripe up does.',
  values: {
    CREATE_PRODUCT: { description: 'Makes a product.' },
    UPDATE_PRODUCT: { description: 'Gives a product its name, and puts it on sale again if it was archived.' },
    CREATE_PRICE: { description: 'Makes a price.' },
    REPLACE_PRICE: {
      description:
        'Makes a price in place of another, which its subscriptions stay at; the lookup key goes over to it.',
    },
    LINK_PRICE: { description: 'Writes the id of a price to the catalog, so that it is sold at.' },
  } as const,
});

const StripeSetUpStep = builder.objectRef<SetUpStep>('StripeSetUpStep').implement({
  description: 'One thing that setting Stripe up does, or would do.',
  fields: (t) => ({
    kind: t.expose('kind', { type: StripeSetUpStepKind, description: 'What it does.' }),
    lookupKey: t.exposeString('lookupKey', { description: 'The lookup key of the price that it is for.' }),
    description: t.exposeString('description', { description: 'What it does, for people.' }),
  }),
});

const StripeSetUp = builder.objectRef<resolve.StripeSetUp>('StripeSetUp').implement({
  description: 'What setting Stripe up did, or would do.',
  fields: (t) => ({
    applied: t.exposeBoolean('applied', { description: 'Whether the steps were done; else nothing was changed.' }),
    steps: t.field({
      type: [StripeSetUpStep],
      description: 'The steps, in their order; none when Stripe has all that the catalog sells.',
      resolve: ({ steps }) => [...steps],
    }),
  }),
});

const DifferenceKind = builder.enumType('StripeDifferenceKind', {
  description: 'How Stripe and the journal differ.',
  values: {
    MISSING: { description: 'Stripe has it, the journal has not.' },
    EXTRA: { description: 'The journal has it, Stripe has not.' },
    DIFFERING: { description: 'Both have it, and not alike.' },
  } as const,
});

const DifferenceSubject = builder.enumType('StripeDifferenceSubject', {
  description: 'In what Stripe and the journal differ.',
  values: {
    PAYMENT: { description: 'Money that came in.' },
    REFUND: { description: 'Money that went back, by refund or dispute, and the credits that go back with it.' },
    SUBSCRIPTION: { description: 'Where a subscription stands.' },
    PLAN_PERIOD: { description: 'The credits of a trial, a month or an upgrade.' },
  } as const,
});

const StripeDifference = builder.objectRef<Difference & { readonly repaired: boolean }>('StripeDifference').implement({
  description: 'Something that Stripe and the journal did not say alike.',
  fields: (t) => ({
    kind: t.expose('kind', { type: DifferenceKind, description: 'How they differ.' }),
    subject: t.expose('subject', { type: DifferenceSubject, description: 'In what.' }),
    id: t.exposeID('id', {
      description:
        "Stripe's id: of the payment intent, the subscription, or the invoice of the period. Of credits that only the journal has, the id of their grant.",
    }),
    accountId: t.exposeID('accountId', { description: 'Whose it is.' }),
    message: t.exposeString('message', { description: 'What differs, for people.' }),
    repaired: t.exposeBoolean('repaired', { description: 'Whether it was repaired, and both say the same now.' }),
  }),
});

const StripeReconciliation = builder.objectRef<resolve.StripeReconciliation>('StripeReconciliation').implement({
  description: 'How far Stripe and the journal say the same.',
  fields: (t) => ({
    from: t.expose('from', { type: 'DateTime', description: 'From when on it was compared.' }),
    to: t.expose('to', { type: 'DateTime', description: 'Until when, exclusive.' }),
    differences: t.field({
      type: [StripeDifference],
      description: 'What differed, also what is repaired now.',
      resolve: ({ differences }) => [...differences],
    }),
    left: t.int({
      description: 'How many of them are not repaired.',
      resolve: ({ differences }) => differences.filter(({ repaired }) => !repaired).length,
    }),
    compared: t.exposeInt('compared', { description: 'How many payments and subscriptions were compared.' }),
    ignored: t.exposeInt('ignored', { description: "How many of Stripe's belong to none of the accounts here." }),
    next: t.exposeString('next', {
      nullable: true,
      description: 'When the time did not suffice: the `after` with which to go on. Null when all was compared.',
    }),
  }),
});

builder.mutationFields((t) => ({
  setUpStripe: t.field({
    type: StripeSetUp,
    description:
      'Makes the products and prices of the catalog in Stripe, found by their lookup keys, where they lack or differ. For administrators.',
    authScopes: { admin: true },
    complexity: 100,
    args: {
      apply: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Does it; else it is only said what would be done.',
      }),
    },
    errors: {
      types: [CheckoutUnavailableError, PaymentProviderError],
      union: { name: 'StripeSetUpResult', description: 'What was or would be done, or why nothing was looked at.' },
    },
    resolve: (_root, { apply }, context) => resolve.setUpStripe(context, apply),
  }),
  reconcileStripe: t.field({
    type: StripeReconciliation,
    description:
      'Compares the payments, refunds, disputes and subscriptions of a stretch of time at Stripe with the journal. One call compares for about 20 seconds and says where to go on. For administrators.',
    authScopes: { admin: true },
    complexity: 100,
    args: {
      from: t.arg({
        type: 'DateTime',
        description: 'From when on; at most 400 days before the end. Absent: three days before the end.',
      }),
      to: t.arg({ type: 'DateTime', description: 'Until when, exclusive. Absent: until now.' }),
      repair: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Brings what differs to what Stripe says, as its events would have; else nothing is changed.',
      }),
      after: t.arg.string({ description: 'Goes on after an earlier call with the same `from` and `to`: its `next`.' }),
    },
    errors: {
      types: [InvalidInputError, CheckoutUnavailableError, PaymentProviderError],
      union: { name: 'ReconcileResult', description: 'What differs, or why nothing was compared.' },
    },
    resolve: (_root, args, context) => resolve.reconcileStripe(context, args),
  }),
}));
