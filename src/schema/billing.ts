import { checkoutProgress, type OpenedCheckout } from '../billing/index.ts';
import {
  BusyError,
  CheckoutUnavailableError,
  IdempotencyConflictError,
  InvalidInputError,
  NoCustomerError,
  NotPurchasableError,
  PaymentProviderError,
  RedirectNotAllowedError,
  UnknownCreditPackError,
  UnknownPlanError,
} from '../errors.ts';
import * as resolve from '../resolvers/billing.ts';
import { toMoney } from '../resolvers/money.ts';
import { builder } from './builder.ts';
import { CreditPack, Plan } from './catalog.ts';
import { ErrorInterface } from './error.ts';
import { Money } from './money.ts';
import { NodeInterface } from './node.ts';

const BillingMode = builder.enumType('BillingMode', {
  description: 'With whom money moves.',
  values: {
    DISABLED: { description: 'Nothing is sold here.' },
    SANDBOX: { description: "A local stand-in of Stripe's; no money moves." },
    TEST_ONLY: { description: "Stripe's test mode; no money moves." },
    LIVE: { description: 'Stripe, for real.' },
  } as const,
});

const CheckoutMode = builder.enumType('CheckoutMode', {
  description: 'What is bought.',
  values: { SUBSCRIPTION: { description: 'A plan.' }, PACK: { description: 'A credit pack.' } } as const,
});

export const BillingInterval = builder.enumType('BillingInterval', {
  description: 'How often a plan is paid.',
  values: { MONTH: { description: 'Every month.' }, YEAR: { description: 'Every year.' } } as const,
});

const CheckoutStatus = builder.enumType('CheckoutStatus', {
  description: 'Where a checkout stands.',
  values: {
    CREATED: { description: 'It waits for its buyer, or for the money.' },
    COMPLETED: { description: 'It was paid.' },
    EXPIRED: { description: 'Nobody paid in time.' },
    FAILED: { description: 'The payment failed.' },
  } as const,
});

const CheckoutProgress = builder.enumType('CheckoutProgress', {
  description: 'How far a checkout is, for the page that its buyer returns to.',
  values: {
    WAITING_FOR_PAYMENT: {
      description: "No payment is known of: the buyer has not paid yet, or Stripe's word of it is on its way.",
    },
    WAITING_FOR_BANK: {
      description: 'The buyer is done, and the bank is not: a debit takes days. Credits come when it is paid.',
    },
    PAID_CREDITS_ARRIVING: { description: 'It is paid, or a trial has begun; the credits come in a moment.' },
    CREDITED: { description: 'The credits have come: `creditsGranted`.' },
    EXPIRED: { description: 'Nobody paid in time; nothing was charged.' },
    FAILED: { description: 'The payment failed; nothing was charged and no credits come.' },
  } as const,
});

const BillingStatus = builder.objectRef<ReturnType<typeof resolve.billingStatus>>('BillingStatus').implement({
  description: 'Whether and how things are sold here.',
  fields: (t) => ({
    mode: t.expose('mode', { type: BillingMode, description: 'With whom money moves.' }),
    checkoutAvailable: t.exposeBoolean('checkoutAvailable', {
      description: 'Whether `createCheckout` sells anything.',
    }),
  }),
});

export const Checkout = builder.objectRef<OpenedCheckout>('Checkout');
Checkout.implement({
  description: 'An order: what is bought and for how much, frozen when it was made.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    mode: t.expose('mode', { type: CheckoutMode, description: 'What is bought.' }),
    status: t.expose('status', { type: CheckoutStatus, description: 'Where it stands.' }),
    progress: t.field({
      type: CheckoutProgress,
      description: 'How far it is, for the page that its buyer returns to.',
      resolve: (checkout) => checkoutProgress(checkout),
    }),
    url: t.field({ type: 'URL', description: 'Where the buyer pays.', resolve: ({ session }) => session.url }),
    plan: t.field({
      type: Plan,
      nullable: true,
      description: 'The plan that is bought; null for a pack.',
      resolve: (checkout, _args, context) => resolve.planOfCheckout(context, checkout),
    }),
    pack: t.field({
      type: CreditPack,
      nullable: true,
      description: 'The pack that is bought; null for a plan.',
      resolve: (checkout, _args, context) => resolve.packOfCheckout(context, checkout),
    }),
    interval: t.expose('interval', {
      type: BillingInterval,
      nullable: true,
      description: 'How often the plan is paid; null for a pack.',
    }),
    price: t.field({
      type: Money,
      description: 'What is paid, each time.',
      resolve: ({ priceCents, currency }) => toMoney(priceCents, currency),
    }),
    credits: t.exposeInt('credits', { description: 'The credits of the pack, or the monthly quota of the plan.' }),
    creditsGranted: t.exposeInt('creditsGranted', { description: 'The credits that have arrived for it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it can be paid.' }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true, description: 'When it was paid.' }),
  }),
});

builder.objectType(CheckoutUnavailableError, {
  name: 'CheckoutUnavailableError',
  description: 'Billing is switched off here.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    billingMode: t.expose('billingMode', { type: BillingMode, description: 'The mode that this server is in.' }),
  }),
});

builder.objectType(UnknownPlanError, {
  name: 'UnknownPlanError',
  description: 'No plan has the code.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ planCode: t.exposeString('planCode', { description: 'The code that no plan has.' }) }),
});

builder.objectType(UnknownCreditPackError, {
  name: 'UnknownCreditPackError',
  description: 'No credit pack has the code.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ packCode: t.exposeString('packCode', { description: 'The code that no credit pack has.' }) }),
});

builder.objectType(NotPurchasableError, {
  name: 'NotPurchasableError',
  description: 'It is not sold through a checkout; the message says why.',
  interfaces: [ErrorInterface],
});

builder.objectType(RedirectNotAllowedError, {
  name: 'RedirectNotAllowedError',
  description: 'A redirect address is not on the allow-list.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ url: t.expose('url', { type: 'URL', description: 'The address that is not on the list.' }) }),
});

builder.objectType(PaymentProviderError, {
  name: 'PaymentProviderError',
  description: 'Stripe did not answer as it should. Nothing was charged; the same request may be sent again.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', {
      description: 'How long to wait before trying again, in milliseconds.',
    }),
  }),
});

builder.objectType(NoCustomerError, {
  name: 'NoCustomerError',
  description: 'The account has no customer at Stripe yet, or none that can be charged.',
  interfaces: [ErrorInterface],
});

const PortalSession = builder.objectRef<{ readonly url: string }>('PortalSession').implement({
  description: "Stripe's page on which a customer manages cards, invoices and the subscription.",
  fields: (t) => ({
    url: t.expose('url', { type: 'URL', description: 'Where it is; open it soon, it is for this visit.' }),
  }),
});

const CreateCheckoutInput = builder.inputType('CreateCheckoutInput', {
  description: 'What to buy, and where to go afterwards.',
  fields: (t) => ({
    mode: t.field({ type: CheckoutMode, required: true, description: 'A plan or a pack.' }),
    planCode: t.string({ description: 'The plan; needed for a SUBSCRIPTION.' }),
    packCode: t.string({ description: 'The pack; needed for a PACK.' }),
    interval: t.field({
      type: BillingInterval,
      required: true,
      defaultValue: 'MONTH',
      description: 'How often a plan is paid.',
    }),
    successUrl: t.field({
      type: 'URL',
      description: 'Where to go after paying; on the allow-list. Absent: a page of this server.',
    }),
    cancelUrl: t.field({
      type: 'URL',
      description: 'Where to go without paying; on the allow-list. Absent: a page of this server.',
    }),
    idempotencyKey: t.string({ description: 'Or the Idempotency-Key header; 1 to 255 characters.' }),
  }),
});

builder.queryFields((t) => ({
  billing: t.field({
    type: BillingStatus,
    description: 'Whether and how things are sold here. Public.',
    resolve: (_root, _args, context) => resolve.billingStatus(context),
  }),
  checkout: t.field({
    type: Checkout,
    nullable: true,
    description: "A checkout of the caller's; null when there is none with the id, and until its page exists.",
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { id }, context) => resolve.checkout(context, id),
  }),
}));

builder.mutationFields((t) => ({
  createCheckout: t.field({
    type: Checkout,
    description:
      'Opens a checkout at Stripe. The same purchase that is already open is answered again instead of a second one. Credits come when the money is there.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CreateCheckoutInput, required: true, description: 'What to buy.' }) },
    errors: {
      types: [
        CheckoutUnavailableError,
        UnknownPlanError,
        UnknownCreditPackError,
        NotPurchasableError,
        RedirectNotAllowedError,
        InvalidInputError,
        IdempotencyConflictError,
        PaymentProviderError,
        BusyError,
      ],
      union: { name: 'CreateCheckoutResult', description: 'The open checkout, or why there is none.' },
    },
    resolve: (_root, { input }, context) => resolve.createCheckout(context, input),
  }),
  createPortalSession: t.field({
    type: PortalSession,
    description: "Opens Stripe's page on which the caller manages cards, invoices and the subscription.",
    authScopes: { signedIn: true },
    args: {
      returnUrl: t.arg({
        type: 'URL',
        description: 'Where its way back leads; on the allow-list. Absent: a page of this server.',
      }),
    },
    errors: {
      types: [NoCustomerError, CheckoutUnavailableError, RedirectNotAllowedError, PaymentProviderError],
      union: { name: 'CreatePortalSessionResult', description: 'The page, or why there is none.' },
    },
    resolve: (_root, { returnUrl }, context) => resolve.createPortalSession(context, returnUrl),
  }),
}));
