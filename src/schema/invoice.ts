import type { Invoice as InvoiceRow } from '../billing/index.ts';
import * as resolve from '../resolvers/invoices.ts';
import { toMoney } from '../resolvers/money.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';
import { Money } from './money.ts';

const Invoice = builder.objectRef<InvoiceRow>('Invoice');
Invoice.implement({
  description: 'An invoice of a subscription, as Stripe had it when it was last looked at.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "Stripe's id for it." }),
    number: t.exposeString('number', { nullable: true, description: 'Its number on paper; null while it is a draft.' }),
    status: t.exposeString('status', { description: 'draft, open, paid, void or uncollectible.' }),
    total: t.field({
      type: Money,
      description: 'What it comes to; negative when it gives something back.',
      resolve: ({ totalCents, currency }) => toMoney(totalCents, currency),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    hostedUrl: t.field({
      type: 'URL',
      nullable: true,
      description: "Stripe's page for it; null while it is a draft.",
      resolve: ({ hostedUrl }) => hostedUrl,
    }),
    pdfUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'It on paper; null while it is a draft.',
      resolve: ({ pdfUrl }) => pdfUrl,
    }),
  }),
});

const InvoiceConnection = connectionOf('Invoice', Invoice);

builder.queryField('invoices', (t) =>
  t.field({
    type: InvoiceConnection,
    nullable: true,
    description: "The caller's invoices, newest first.",
    authScopes: { signedIn: true },
    complexity: pageComplexity,
    args: { ...pageArguments(t.arg) },
    resolve: (_root, args, context) => resolve.invoices(context, args),
  }),
);
