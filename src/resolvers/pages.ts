import { parseCursorConnectionArgs } from '@pothos/core';
import type { PageRequest } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { BadRequest } from './transport-errors.ts';

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** A page of a list, as Relay's connection specification wants it; the total is counted only when asked for. */
export interface Page<Item> {
  readonly edges: readonly { readonly cursor: string; readonly node: Item }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: () => Promise<number>;
}

const defaultPageSize = 20;
export const largestPageSize = 100;

/** How the items of a list are told apart in its cursors. */
interface KeyCodec<Item, Key> {
  readonly keyOf: (item: Item) => Key;
  /** Null for what is no key. */
  readonly parse: (text: string) => Key | null;
}

/** The largest number that a transfer can have. */
const largestSequence = 2_147_483_647;

const idCodec = { parse: (text: string): string | null => (text !== '' && isStorable(text) ? text : null) };
const sequenceCodec = {
  parse: (text: string): number | null =>
    /^\d{1,10}$/.test(text) && Number(text) <= largestSequence ? Number(text) : null,
};

/** Keys are ids, which sort by time. */
export const byId = <Item extends { readonly id: string }>(): KeyCodec<Item, string> => ({
  ...idCodec,
  keyOf: (item) => item.id,
});

/** Keys are the numbers of transfers. */
export const bySequence = <Item extends { readonly sequence: number }>(): KeyCodec<Item, number> => ({
  ...sequenceCodec,
  keyOf: (item) => item.sequence,
});

/** Keys are an instant in milliseconds with an id behind it: `1767268800000_in_1`. */
export const byTimeAndId = <Item extends object>(keyOf: (item: Item) => string): KeyCodec<Item, string> => ({
  keyOf,
  parse: (text) => (/^\d{1,15}_/.test(text) && isStorable(text) ? text : null),
});

/** Answers a connection: `read` gets the page that the arguments mean, newest first. Throws {@link BadRequest}. */
export async function pageOf<Item extends object, Key extends string | number>(
  args: PageArguments,
  codec: KeyCodec<Item, Key>,
  read: (page: PageRequest<Key>) => Promise<Item[]>,
  totalCount: () => Promise<number>,
): Promise<Page<Item>> {
  if (args.first != null && args.last != null) throw new BadRequest('Give either first or last, not both.');
  for (const [name, size] of [
    ['first', args.first],
    ['last', args.last],
  ] as const) {
    if (size != null && !(size >= 1 && size <= largestPageSize)) {
      throw new BadRequest(`${name} must be from 1 to ${largestPageSize}.`);
    }
  }
  const decode = (cursor: string | undefined): Key | null => {
    if (cursor === undefined) return null;
    const key = codec.parse(Buffer.from(cursor, 'base64url').toString());
    if (key === null) throw new BadRequest('A cursor must be one that this list has given.');
    return key;
  };
  const wanted = parseCursorConnectionArgs({
    args: {
      first: args.first ?? null,
      after: args.after ?? null,
      last: args.last ?? null,
      before: args.before ?? null,
    },
    defaultSize: defaultPageSize,
    maxSize: largestPageSize,
  });
  // One more than the page holds is read, which tells whether there is a next one.
  const { after, before, limit, inverted, expectedSize } = wanted;
  const items = await read({ after: decode(after), before: decode(before), limit, inverted });
  const page = items.slice(0, expectedSize);
  const edges = (inverted ? page.reverse() : page).map((node) => ({ cursor: encode(codec.keyOf(node)), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: wanted.hasNextPage(items.length),
      hasPreviousPage: wanted.hasPreviousPage(items.length),
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  };
}

const encode = (key: string | number): string => Buffer.from(String(key)).toString('base64url');
