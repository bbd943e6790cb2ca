import { Prisma } from './generated/client.ts';

/** A key or id that another transaction wrote first (SQLSTATE 23505). */
export const isUniqueViolation = (error: unknown): boolean => sqlStateOf(error) === '23505';

/**
 * Whether running the same batch again may succeed: a deadlock, a serialization failure, a transaction that
 * could not begin, or a connection that broke, also at COMMIT. A batch is safe to run again, since every
 * command is known by the id of what it makes or settles, or by its key.
 */
export function isPassing(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== null) return passingStates.has(state) || state.startsWith('08');
  const code = error instanceof Prisma.PrismaClientKnownRequestError ? error.code : null;
  return code !== null && passingCodes.has(code);
}

/** serialization_failure, deadlock_detected, lock_not_available, and the server's shutdowns. */
const passingStates = new Set(['40001', '40P01', '55P03', '57P01', '57P02', '57P03']);
/** Cannot reach, timed out, connection closed, transaction API error, write conflict. */
const passingCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);

/** The SQLSTATE that PostgreSQL gave, from where Prisma's driver adapters keep it. */
function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return null;
  if (error.code === 'P2002') return '23505';
  const adapterError = error.meta?.['driverAdapterError'];
  if (!(adapterError instanceof Error)) return null;
  const { cause } = adapterError;
  if (typeof cause !== 'object' || cause === null || !('originalCode' in cause)) return null;
  return typeof cause.originalCode === 'string' ? cause.originalCode : null;
}
