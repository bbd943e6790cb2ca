import type { AutoTopUp as AutoTopUpRow } from '../billing/index.ts';
import {
  CheckoutUnavailableError,
  InvalidInputError,
  NoCustomerError,
  PaymentProviderError,
  UnknownCreditPackError,
} from '../errors.ts';
import * as resolve from '../resolvers/auto-top-up.ts';
import { builder } from './builder.ts';
import { CreditPack } from './catalog.ts';

const AutoTopUp = builder.objectRef<AutoTopUpRow>('AutoTopUp');
AutoTopUp.implement({
  description:
    'Whether and how an account buys a credit pack by itself when its balance falls. One charge closes the gap, however many calls find it.',
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: 'Whether it is switched on; off until somebody does.' }),
    threshold: t.int({
      description:
        'A pack is bought when less is available, in credits, at least 1. Until it was set: the threshold of a low balance.',
      resolve: (settings, _args, context) => resolve.threshold(context, settings),
    }),
    pack: t.field({
      type: CreditPack,
      nullable: true,
      description: 'The pack that is bought; null until it was set, and when it is not sold any more.',
      resolve: (settings, _args, context) => resolve.pack(context, settings),
    }),
    monthlyLimit: t.exposeInt('monthlyLimit', {
      nullable: true,
      description: 'The most packs that are bought in a calendar month (UTC), at least 1; null: no limit.',
    }),
    suspended: t.boolean({
      description:
        'Whether nothing is tried any more: three charges failed in a row, or one for a reason that stays. It goes on when another payment method would be charged.',
      resolve: ({ suspendedReason }) => suspendedReason !== null,
    }),
    suspendedReason: t.exposeString('suspendedReason', {
      nullable: true,
      description: 'Why nothing is tried any more and what to do, for people; null when it is not suspended.',
    }),
  }),
});

const SetAutoTopUpInput = builder.inputType('SetAutoTopUpInput', {
  description: 'Whether and how to buy credit packs automatically.',
  fields: (t) => ({
    enabled: t.boolean({
      required: true,
      description: 'Whether it is on. Switching it off keeps the other settings.',
    }),
    threshold: t.int({
      description:
        'Buy when less is available, in credits, 1 to 2,000,000,000. Needed the first time it is switched on; absent later: as before.',
    }),
    packCode: t.string({
      description:
        'The pack to buy; it holds at least `threshold` credits. Needed the first time it is switched on; absent later: as before.',
    }),
    monthlyLimit: t.int({
      description: 'The most packs to buy in a calendar month (UTC), at least 1. Null: no limit; absent: as before.',
    }),
  }),
});

builder.queryField('autoTopUp', (t) =>
  t.field({
    type: AutoTopUp,
    nullable: true,
    description: 'How the caller tops up automatically; null when it was never set.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => resolve.autoTopUp(context),
  }),
);

builder.mutationField('setAutoTopUp', (t) =>
  t.field({
    type: AutoTopUp,
    description:
      'Sets how the caller tops up automatically: the payment method that is kept at Stripe is charged without asking. Switching it on needs one.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: SetAutoTopUpInput, required: true, description: 'What is wanted.' }) },
    errors: {
      types: [
        NoCustomerError,
        UnknownCreditPackError,
        CheckoutUnavailableError,
        InvalidInputError,
        PaymentProviderError,
      ],
      union: { name: 'SetAutoTopUpResult', description: 'The settings as they are now, or why they were not changed.' },
    },
    resolve: (_root, { input }, context) => resolve.setAutoTopUp(context, input),
  }),
);
