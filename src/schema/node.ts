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
