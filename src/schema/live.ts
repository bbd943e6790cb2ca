import * as resolve from '../resolvers/live.ts';
import { builder } from './builder.ts';
import { Generation } from './generation.ts';
import { Wallet } from './wallet.ts';

builder.subscriptionFields((t) => ({
  generationUpdated: t.field({
    type: Generation,
    description:
      "A generation of the caller's at each change that its owner sees, its text and progress too, until it has ended. NOT_FOUND when there is none with the id.",
    authScopes: { signedIn: true },
    args: {
      id: t.arg.id({ required: true, description: 'Its id.' }),
      after: t.arg.id({
        description: 'The id of the last event that is known; absent: the present state is told first.',
      }),
    },
    subscribe: (_root, args, context) => resolve.generationUpdated(context, args),
    resolve: ({ value }) => value,
  }),
  walletUpdated: t.field({
    type: Wallet,
    description: "The caller's wallet, each time that its history has grown.",
    authScopes: { signedIn: true },
    args: {
      after: t.arg.id({
        description: 'The id of the last event that is known; absent: the present state is told first.',
      }),
    },
    subscribe: (_root, { after }, context) => resolve.walletUpdated(context, after),
    resolve: ({ value }) => value,
  }),
}));
