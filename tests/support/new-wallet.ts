import { type Instant, toDate } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import type { AccountId, Ledger } from '../../src/ledger/index.ts';

/** An account without a server around it, with a wallet that begins with these commands. */
export async function openNewWallet(
  { prisma }: Database,
  ledger: Ledger,
  accountId: AccountId,
  grants: Parameters<Ledger['openWallet']>[2],
  now: Instant,
): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`
      INSERT INTO plan (code, position, name, welcome_credits, recommended, contact_sales)
      VALUES ('free', 0, 'Free', 0, false, false) ON CONFLICT DO NOTHING`;
    await transaction.$executeRaw`INSERT INTO account (id, created_at) VALUES (${accountId}, ${toDate(now)})`;
    await ledger.openWallet(transaction, accountId, grants, now);
  });
}
