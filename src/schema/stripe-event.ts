import type { StripeEvent as EventRow } from '../billing/index.ts';
import * as resolve from '../resolvers/stripe-events.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';

const StripeEventState = builder.enumType('StripeEventState', {
  description: 'What came of an event.',
  values: {
    RECEIVED: { description: 'It is stored and waits to be applied.' },
    APPLIED: { description: 'What it spoke of was brought up to date.' },
    IGNORED: { description: 'It speaks of nothing that concerns this server.' },
    FAILED: { description: 'It could not be applied and is tried again.' },
    DEAD: { description: 'It was tried for three days. `replayStripeEvent` tries it again.' },
  } as const,
});

const StripeEvent = builder.objectRef<EventRow>('StripeEvent');
StripeEvent.implement({
  description: "An event of Stripe's in the inbox.",
  fields: (t) => ({
    id: t.exposeID('id', { description: "Stripe's id for it." }),
    type: t.exposeString('type', { description: 'What happened, in the words of Stripe: "invoice.paid".' }),
    state: t.expose('state', { type: StripeEventState, description: 'What came of it.' }),
    attempts: t.exposeInt('attempts', { description: 'How often it was tried since it came or was replayed.' }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why the last try failed; null when it did not.',
    }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'When it came.' }),
    appliedAt: t.expose('appliedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was applied or ignored; null before.',
    }),
  }),
});

const StripeEventConnection = connectionOf('StripeEvent', StripeEvent);

builder.queryField('stripeEvents', (t) =>
  t.field({
    type: StripeEventConnection,
    nullable: true,
    description: "The inbox of Stripe's events, the last received first. For administrators.",
    authScopes: { admin: true },
    complexity: pageComplexity,
    args: {
      state: t.arg({ type: StripeEventState, description: 'Only those in this state.' }),
      ...pageArguments(t.arg),
    },
    resolve: (_root, args, context) => resolve.stripeEvents(context, args),
  }),
);

builder.mutationField('replayStripeEvent', (t) =>
  t.field({
    type: StripeEvent,
    nullable: true,
    description: 'Has an event applied again from the start; null when there is none with the id. For administrators.',
    authScopes: { admin: true },
    args: { id: t.arg.id({ required: true, description: "Stripe's id for it." }) },
    resolve: (_root, { id }, context) => resolve.replayStripeEvent(context, id),
  }),
);
