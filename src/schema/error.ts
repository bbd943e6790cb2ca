import {
  BusyError,
  type ExpectedError,
  expectedErrors,
  IdempotencyConflictError,
  InvalidInputError,
} from '../errors.ts';
import { builder } from './builder.ts';

// Pothos wants the names as a tuple; the table has at least one.
const codes = Object.keys(expectedErrors) as [keyof typeof expectedErrors, ...(keyof typeof expectedErrors)[]];

const descriptions: Record<keyof typeof expectedErrors, string> = {
  INSUFFICIENT_CREDITS: 'Too few credits are available.',
  UNKNOWN_MODEL: 'No model has the id.',
  MODEL_UNAVAILABLE: 'The model is disabled or nobody can run it at the moment.',
  INVALID_INPUT: 'An argument has the wrong shape, or the model does not take it.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used before with another request.',
  PRICE_CHANGED: 'The quote has lapsed and the price has changed since.',
  BUDGET_EXCEEDED: 'The budget of the key is used up.',
  GENERATION_NOT_FOUND: 'The caller has no generation with the id.',
  NOT_CANCELABLE: 'The generation has already ended.',
  UNKNOWN_PLAN: 'No plan has the code.',
  UNKNOWN_CREDIT_PACK: 'No credit pack has the code.',
  NOT_PURCHASABLE: 'It is not sold through a checkout.',
  CHECKOUT_UNAVAILABLE: 'Billing is switched off.',
  REDIRECT_NOT_ALLOWED: 'A redirect address is not on the allow-list.',
  NO_CUSTOMER: 'The account has no customer at Stripe yet, or none that can be charged.',
  NO_SUBSCRIPTION: 'The account has no subscription.',
  ACCOUNT_NOT_FOUND: 'No account has the id.',
  GRANT_NOT_FOUND: 'No grant has the id.',
  GRANT_NOT_VOIDABLE: 'The grant has nothing left to void.',
  PAYMENT_PROVIDER: 'The payment provider did not answer as it should; nothing was charged.',
  BUSY: 'Too much is asked at the moment; nothing was changed, try again.',
};

const ErrorCode = builder.enumType('ErrorCode', {
  description: 'What went wrong, for programs. The message beside it is for people.',
  values: Object.fromEntries(codes.map((code) => [code, { description: descriptions[code] }])) as Record<
    keyof typeof expectedErrors,
    { description: string }
  >, // `fromEntries` forgets which keys it was given.
});

/** The interface of every expected failure. */
export const ErrorInterface = builder.interfaceRef<ExpectedError>('Error').implement({
  description: 'An expected failure. Which one it is, its type tells; each has its code and a message for people.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCode, description: 'What went wrong, for programs.' }),
    message: t.exposeString('message', { description: 'What happened and what to do, for people.' }),
  }),
});

const InputIssue = builder.objectRef<InvalidInputError['issues'][number]>('InputIssue').implement({
  description: 'One thing that is wrong with the input.',
  fields: (t) => ({
    path: t.stringList({
      description: 'Where it stands, from the argument inwards: ["input", "params", "seed"].',
      resolve: ({ path }) => [...path],
    }),
    message: t.exposeString('message', { description: 'What is wrong with it.' }),
  }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'An argument has the wrong shape, or the model does not take it. Nothing was changed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.field({
      type: [InputIssue],
      description: 'All that is wrong, at least one thing.',
      resolve: ({ issues }) => [...issues],
    }),
  }),
});

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The key was used before with another request. Nothing was changed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key that was used before.' }),
  }),
});

builder.objectType(BusyError, {
  name: 'BusyError',
  description: 'Too much is asked at the moment. Nothing was changed; the same request may be sent again.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', {
      description: 'How long to wait before trying again, in milliseconds.',
    }),
  }),
});
