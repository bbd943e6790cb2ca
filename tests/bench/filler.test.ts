import { describe, expect, it } from 'vitest';
import { fillSql, rowsOf } from '../../bench/filler.ts';
import { openCatalog } from '../../src/catalog/index.ts';
import { openTestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createTestClock } from '../support/test-clock.ts';

describe('the filler of the growth benchmark', () => {
  it('has the rows that it says, and every constraint and the replay of the journal find them sound', async () => {
    // 70 transfers over 7 wallets are 10 each: 2 grants, and 4 holds with a capture each.
    const size = { wallets: 7, transfers: 70 };
    const { database } = await openTestDatabase('postgres');
    try {
      // Generations refer to models.
      const catalog = await openCatalog({
        database,
        clock: createTestClock(),
        providers: new Set(),
        onRefreshError: (error) => {
          throw error;
        },
      });
      await catalog.close();
      for (const { sql } of fillSql(size)) await database.runScript(sql);

      const { prisma } = database;
      expect(await findLedgerFaults(database)).toEqual([]);
      expect({
        wallet: await prisma.wallet.count(),
        credit_grant: await prisma.grant.count(),
        credit_hold: await prisma.hold.count(),
        transfer: await prisma.transfer.count(),
        generation: await prisma.generation.count(),
        idempotency_key: await prisma.idempotencyKey.count(),
      }).toEqual({
        wallet: 7,
        credit_grant: 14,
        credit_hold: 28,
        transfer: 70,
        generation: 28,
        idempotency_key: 28,
      });
      expect(rowsOf(size).transfer).toBe(70);
    } finally {
      await database.close();
    }
  });

  it('gives every wallet a hold at least, and no more than its first grant can pay', () => {
    // 2 grants, and 1 hold with its capture; 333 holds of 3 credits leave 1 of the grant's 1000.
    expect(rowsOf({ wallets: 10, transfers: 40 }).credit_hold).toBe(10);
    expect(rowsOf({ wallets: 10, transfers: 6_680 }).credit_hold).toBe(3_330);
    expect(() => rowsOf({ wallets: 10, transfers: 39 })).toThrow(RangeError);
    expect(() => rowsOf({ wallets: 10, transfers: 6_700 })).toThrow(
      'There must be 4 to 668 transfers for each wallet.',
    );
  });
});
