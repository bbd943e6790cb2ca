import type { ArgBuilder, ObjectRef } from '@pothos/core';
import { largestPageSize, type Page, type PageArguments } from '../resolvers/pages.ts';
import { builder } from './builder.ts';

type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer T> ? T : never;

/** The Relay connection of a type: edges and nodes that are never null, newest first, and the total on demand. */
export function connectionOf<Item>(name: string, item: ObjectRef<Types, Item>): ObjectRef<Types, Page<Item>> {
  const edge = builder.objectRef<{ cursor: string; node: Item }>(`${name}Edge`);
  edge.implement({
    description: `A ${name} in a list, with the place where it stands.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'Where it stands; give it as `after` or `before`.' }),
      node: t.field({ type: item, description: 'The thing itself.', resolve: ({ node }) => node as never }),
    }),
  });
  const connection = builder.objectRef<Page<Item>>(`${name}Connection`);
  connection.implement({
    description: `A page of a list of ${name}s, newest first.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The page, each with its cursor.',
        resolve: ({ edges }) => [...edges],
      }),
      nodes: t.field({
        type: [item],
        description: 'The page.',
        resolve: ({ edges }) => edges.map(({ node }) => node) as never,
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: 'Whether there is more, and where to go on.',
        resolve: ({ pageInfo }) => pageInfo,
      }),
      totalCount: t.int({
        description: 'How many there are in all pages. Counted only when asked for.',
        complexity: 20,
        resolve: ({ totalCount }) => totalCount(),
      }),
    }),
  });
  return connection;
}

/** The arguments of every connection. */
export const pageArguments = (arg: ArgBuilder<Types>) => ({
  first: arg.int({
    description: `How many of the newest, 1 to ${largestPageSize}; 20 when neither first nor last is given.`,
  }),
  after: arg.string({ description: 'Only what is older than this cursor.' }),
  last: arg.int({ description: `How many of the oldest, 1 to ${largestPageSize}.` }),
  before: arg.string({ description: 'Only what is newer than this cursor.' }),
});

/** What a connection costs: as many times its item as the page may have. */
export const pageComplexity = ({ first, last }: PageArguments) => ({
  field: 5,
  multiplier: Math.max(1, Math.min(first ?? last ?? 20, largestPageSize)),
});
