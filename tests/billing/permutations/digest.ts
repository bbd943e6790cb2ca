import type { TestApp } from '../../support/test-app.ts';

/** What an account has in the end, without what may differ: ids, times and the length of its journal. */
export interface Digest {
  readonly grants: readonly string[];
  readonly available: number;
  readonly debt: number;
  readonly orders: readonly string[];
  readonly subscriptions: readonly string[];
  readonly payments: readonly string[];
}

/** Reads what an account has, after all that is due. */
export async function digestOf(app: TestApp, accountId: string): Promise<Digest> {
  const { prisma } = app.database;
  await app.app.services.ledger.sweep(1_000);
  const [wallet, grants, orders, subscriptions, payments] = await Promise.all([
    prisma.wallet.findUniqueOrThrow({ where: { accountId } }),
    prisma.grant.findMany({ where: { accountId } }),
    prisma.checkout.findMany({ where: { accountId } }),
    prisma.planSubscription.findMany({ where: { accountId } }),
    prisma.payment.findMany({ where: { accountId } }),
  ]);
  return {
    grants: grants
      .map(({ source, amount, pending, remaining, held, consumed, expired, revoked }) =>
        tell(`${source} ${amount}`, { pending, remaining, held, consumed, expired, revoked }),
      )
      .sort(),
    available: wallet.available,
    debt: wallet.debt,
    orders: orders.map(({ itemName, status, creditsGranted }) => `${itemName} ${status}: ${creditsGranted}`).sort(),
    subscriptions: subscriptions
      .map(({ planCode, status, cancelAtPeriodEnd }) => `${planCode} ${status}${cancelAtPeriodEnd ? ', to end' : ''}`)
      .sort(),
    payments: payments
      .map(({ kind, paidCents, returnedCents }) => `${kind}: ${returnedCents} of ${paidCents} returned`)
      .sort(),
  };
}

/** "PACK 100: 40 remaining, 60 consumed" */
function tell(name: string, parts: Readonly<Record<string, number>>): string {
  const present = Object.entries(parts).filter(([, credits]) => credits > 0);
  return `${name}: ${present.map(([part, credits]) => `${credits} ${part}`).join(', ')}`;
}
