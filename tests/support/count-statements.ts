import pg from 'pg';
import { vi } from 'vitest';

/**
 * The SQL that this process sends to PostgreSQL while `work` runs, as the driver sends it: what Prisma makes of a
 * call is counted, not the call. Lists of parameters are cut short, so that texts can be compared. What comes by itself and now and then is left out: looks for changes of the catalog and of the clock, and word to other processes.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const query = vi.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    const texts = query.mock.calls.map(([first]: unknown[]) => textOf(first));
    return texts
      .filter((text) => !/"catalog_setting"|"sandbox_clock"|pg_notify\(\$1, message\)/.test(text))
      .map((text) => text.replaceAll(/\$\d+(,\$\d+)*/g, '$n'));
  } finally {
    query.mockRestore();
  }
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  const isConfig = typeof query === 'object' && query !== null && 'text' in query;
  return isConfig && typeof query.text === 'string' ? query.text : 'a query without a text';
}
