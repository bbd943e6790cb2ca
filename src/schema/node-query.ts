import { brandWithType } from '@pothos/core';
import { node } from '../resolvers/node.ts';
import { Account } from './account.ts';
import { AccountEvent } from './account-event.ts';
import { Checkout } from './billing.ts';
import { builder } from './builder.ts';
import { CreditPack, Model, Plan } from './catalog.ts';
import { Asset, Generation } from './generation.ts';
import { NodeInterface } from './node.ts';
import { PlanSubscription } from './plan-subscription.ts';
import { Grant, Transaction, Wallet } from './wallet.ts';

const types = {
  Account,
  AccountEvent,
  Asset,
  Checkout,
  CreditPack,
  Generation,
  Grant,
  Model,
  Plan,
  PlanSubscription,
  Transaction,
  Wallet,
};

builder.queryField('node', (t) =>
  t.field({
    type: NodeInterface,
    nullable: true,
    description: 'Whatever has the id: public, or of the caller; null otherwise.',
    args: { id: t.arg.id({ required: true, description: 'The id.' }) },
    resolve: async (_root, { id }, context) => {
      const found = await node(context, id);
      if (found === null) return null;
      // A copy, since the brand is written into the object and the catalog is shared.
      const value = { ...found.value };
      brandWithType(value, types[found.typename] as never); // Pothos types its brand for a schema of no particular types.
      return value;
    },
  }),
);
