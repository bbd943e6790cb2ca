import { toInstant } from '../clock.ts';
import type { Prisma } from '../db/index.ts';
import type { Grant, GrantId, Hold, HoldId, Transfer } from './core/types.ts';

/** A row of the journal as Prisma reads it, or as a query of our own names its columns. */
export type TransferRow = Omit<Prisma.TransferGetPayload<Record<never, never>>, 'accountId' | 'hash'>;
/** A row of a grant, likewise. */
export type GrantRow = Omit<Prisma.GrantGetPayload<Record<never, never>>, 'accountId'>;

export const toTransfer = (row: TransferRow): Transfer => ({
  sequence: row.sequence,
  type: row.type,
  from: row.fromAccount,
  to: row.toAccount,
  amount: row.amount,
  availableAfter: row.availableAfter,
  fundings: row.grantIds.map((id, index) => ({ grantId: id as GrantId, amount: row.grantAmounts[index] ?? 0 })),
  holdId: row.holdId as HoldId | null,
  reason: row.reason,
  occurredAt: toInstant(row.occurredAt),
  recordedAt: toInstant(row.recordedAt),
});

export const toGrant = (row: GrantRow): Grant => ({
  id: row.id as GrantId,
  source: row.source,
  category: row.category,
  priority: row.priority,
  amount: row.amount,
  pending: row.pending,
  remaining: row.remaining,
  held: row.held,
  consumed: row.consumed,
  expired: row.expired,
  revoked: row.revoked,
  effectiveAt: toInstant(row.effectiveAt),
  expiresAt: row.expiresAt === null ? null : toInstant(row.expiresAt),
  voidedAt: row.voidedAt === null ? null : toInstant(row.voidedAt),
  createdAt: toInstant(row.createdAt),
  reason: row.reason,
});

export const toHold = (row: Prisma.HoldGetPayload<Record<never, never>>): Hold => ({
  id: row.id as HoldId,
  status: row.status,
  amount: row.amount,
  fundings: row.grantIds.map((id, index) => ({
    grantId: id as GrantId,
    held: row.heldAmounts[index] ?? 0,
    captured: row.capturedAmounts[index] ?? 0,
    refunded: row.refundedAmounts[index] ?? 0,
  })),
  expiresAt: toInstant(row.expiresAt),
  createdAt: toInstant(row.createdAt),
  settledAt: row.settledAt === null ? null : toInstant(row.settledAt),
});
