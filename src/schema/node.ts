import { brandWithType } from '@pothos/core';
import * as resolve from '../resolvers/node.ts';
import { builder } from './builder.ts';

/** What has an id of its own and can be asked for by it. Each type says itself what its id is. */
export const NodeInterface = builder.interfaceRef<object>('Node').implement({
  description: 'Anything that has an id of its own, unique across all types, and can be asked for by it.',
  fields: (t) => ({
    id: t.id({
      description: 'The id.',
      resolve: () => {
        throw new Error('A type of the Node interface does not say what its id is.');
      },
    }),
  }),
});

builder.queryField('node', (t) =>
  t.field({
    type: NodeInterface,
    nullable: true,
    description: 'Whatever has the id: public, or of the caller; null otherwise.',
    args: { id: t.arg.id({ required: true, description: 'The id.' }) },
    resolve: async (_root, { id }, context) => {
      const found = await resolve.node(context, id);
      if (found === null) return null;
      // A copy, since the brand is written into the object and the catalog is shared.
      const value = { ...found.value };
      brandWithType(value, found.typename);
      return value;
    },
  }),
);
