import type { AccountEvent as EventRow } from '../accounts/index.ts';
import * as resolve from '../resolvers/account-events.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';
import { NodeInterface } from './node.ts';

const AccountEventType = builder.enumType('AccountEventType', {
  description: 'What happened to an account.',
  values: {
    LOW_BALANCE: {
      description:
        'What is available fell below `lowBalanceThreshold`; once each time. Its data: { "available": 20, "lowBalanceThreshold": 25 }, in credits.',
    },
  } as const,
});

export const AccountEvent = builder.objectRef<EventRow>('AccountEvent');
AccountEvent.implement({
  description: 'Something that happened to an account, once. For programs that follow it: ask for what is newer.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    type: t.expose('type', { type: AccountEventType, description: 'What happened.' }),
    data: t.field({
      type: 'JSONObject',
      description: 'More about it; which members there are, the type says.',
      resolve: ({ data }) => ({ ...data }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it happened.' }),
  }),
});

export const AccountEventConnection = connectionOf('AccountEvent', AccountEvent);

builder.queryField('accountEvents', (t) =>
  t.field({
    type: AccountEventConnection,
    nullable: true,
    description: "What happened to the caller's account, newest first. `before` the newest that is known: what is new.",
    authScopes: { signedIn: true },
    complexity: pageComplexity,
    args: { ...pageArguments(t.arg) },
    resolve: (_root, args, context) => resolve.accountEvents(context, args),
  }),
);
