import type { Studio } from './studio.ts';

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface ListPage<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: number;
}

/** A list of the caller's: where it hangs, and what is asked of each of its items. */
export interface ListOf {
  readonly key: string;
  /** With `%` where the arguments of the page go: `wallet { grants(%) }`. */
  readonly field: string;
  readonly nodeFields: string;
}

/** Reads one page of a list. */
export async function readPage<Node>(studio: Studio, list: ListOf, args: string): Promise<ListPage<Node>> {
  const fields = `{
    edges { cursor node { ${list.nodeFields} } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }`;
  const opened = list.field.replace('%', args);
  // The selection stands right behind the arguments; what was opened is closed behind it.
  const depth = opened.split('{').length - 1;
  const query = `{ ${opened} ${fields} ${'}'.repeat(depth)} }`;
  let found: unknown = await studio.ask<unknown>(query, { key: list.key });
  while (typeof found === 'object' && found !== null && !('edges' in found)) [found] = Object.values(found);
  return found as ListPage<Node>; // It has the edges that the query asked for.
}

/** All items of a list, newest first, read forwards page by page; `between` runs after each page. */
export async function readForwards<Node>(
  studio: Studio,
  list: ListOf,
  size: number,
  between: () => Promise<unknown> = async () => {},
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let after = ''; ;) {
    const page = await readPage<Node>(studio, list, `first: ${size}${after}`);
    nodes.push(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasNextPage) return nodes;
    after = `, after: "${page.pageInfo.endCursor ?? ''}"`;
    await between();
  }
}

/** All items of a list, newest first, read backwards from its oldest end page by page. */
export async function readBackwards<Node>(
  studio: Studio,
  list: ListOf,
  size: number,
  between: () => Promise<unknown> = async () => {},
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let before = ''; ;) {
    const page = await readPage<Node>(studio, list, `last: ${size}${before}`);
    nodes.unshift(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasPreviousPage) return nodes;
    before = `, before: "${page.pageInfo.startCursor ?? ''}"`;
    await between();
  }
}
