import { z } from 'zod';
import { type ListPage, objectInParameter, type SandboxContext } from './context.ts';
import { integer, text } from './parameters.ts';
import type { CreatedRange } from './store.ts';
import type { StripeKind } from './stripe-objects.ts';

/** When what is listed was made, in seconds: at an instant or between two. */
export const createdRange = z.union([
  integer(0).transform((created): CreatedRange => ({ gte: created, lte: created })),
  z.strictObject({
    gt: integer(0).optional(),
    gte: integer(0).optional(),
    lt: integer(0).optional(),
    lte: integer(0).optional(),
  }),
]);

/** What every list accepts. */
export const listParameters = z.strictObject({
  limit: integer(1, 100).optional(),
  starting_after: text().optional(),
});

/** A page of a list, newest first. */
export async function listObjects(
  context: SandboxContext,
  kind: StripeKind,
  query: {
    limit?: number | undefined;
    starting_after?: string | undefined;
    matching: readonly object[];
    created?: CreatedRange | undefined;
    url: string;
  },
): Promise<ListPage> {
  const limit = query.limit ?? 10;
  const startingAfter = query.starting_after ?? null;
  if (startingAfter !== null) await objectInParameter(context, kind, startingAfter, 'starting_after');
  const objects = await context.store.list(kind, {
    matching: query.matching,
    created: query.created,
    startingAfter,
    limit: limit + 1,
  });
  return { object: 'list', data: objects.slice(0, limit), has_more: objects.length > limit, url: query.url };
}
