import type { Studio } from '../support/studio.ts';
import { type Book, count } from './book.ts';

interface Row {
  readonly sequence: number;
  readonly amount: number;
  readonly availableAfter: number;
}

interface History {
  readonly wallet: {
    readonly transactions: {
      readonly nodes: readonly Row[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  };
}

/** Reads a wallet and notes what it must never show. */
export async function readWallet(book: Book, studio: Studio, key: string): Promise<void> {
  const { available, held } = await studio.wallet(key);
  count(book, 'wallet', 'read');
  if (available < 0 || held < 0) book.seen.push(`G03 a wallet showed ${available} available and ${held} held`);
}

/** Reads why a balance is what it is, and notes when that does not add up. */
export async function readExplanation(book: Book, studio: Studio, key: string): Promise<void> {
  const { wallet } = await studio.ask<{
    wallet: { explain: { available: number; lines: readonly { amount: number }[] } };
  }>('{ wallet { explain { available lines { amount } } } }', { key });
  count(book, 'explain', 'read');
  const { available, lines } = wallet.explain;
  const sum = lines.reduce((total, { amount }) => total + amount, 0);
  if (available < 0 || sum !== available) book.seen.push(`G40 an explanation adds up to ${sum}, not to ${available}`);
}

/** Reads pages of history from the newest row on, and notes when it does not add up row by row. */
export async function readHistory(
  book: Book,
  studio: Studio,
  key: string,
  { size, pages }: { size: number; pages: number },
): Promise<void> {
  const rows: Row[] = [];
  let after: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const answer: History = await studio.ask<History>(
      `query ($size: Int!, $after: String) { wallet { transactions(first: $size, after: $after) {
        nodes { sequence amount availableAfter } pageInfo { hasNextPage endCursor }
      } } }`,
      { key, variables: { size, after } },
    );
    count(book, 'transactions', 'page');
    rows.push(...answer.wallet.transactions.nodes);
    if (!answer.wallet.transactions.pageInfo.hasNextPage) break;
    after = answer.wallet.transactions.pageInfo.endCursor;
  }
  for (const [index, row] of rows.entries()) {
    const older = rows[index + 1];
    if (row.availableAfter < 0) book.seen.push(`G03 row ${row.sequence} left ${row.availableAfter} available`);
    if (older === undefined) continue;
    if (older.sequence !== row.sequence - 1)
      book.seen.push(`G40 row ${older.sequence} came before row ${row.sequence}`);
    else if (older.availableAfter + row.amount !== row.availableAfter) {
      book.seen.push(`G40 ${older.availableAfter} + ${row.amount} was ${row.availableAfter} at row ${row.sequence}`);
    }
  }
}
