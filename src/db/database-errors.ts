import { Prisma } from './generated/client.ts';

/** A key or id that another transaction wrote first (SQLSTATE 23505). */
export const isUniqueViolation = (error: unknown): boolean => sqlStateOf(error) === '23505';

/**
 * Whether running the same batch again may succeed: a deadlock, a serialization failure, a transaction that
 * could not begin, or a connection that broke, also at COMMIT. A batch is safe to run again, since every
 * command is known by the id of what it makes or settles, or by its key.
 */
export function isPassing(error: unknown): boolean {
  const { state, kind } = driverCauseOf(error);
  if (state !== null) return passingStates.has(state) || state.startsWith('08');
  if (kind !== null) return passingKinds.has(kind);
  if (error instanceof Prisma.PrismaClientKnownRequestError) return passingCodes.has(error.code);
  return error instanceof Error && brokenConnection.test(error.message);
}

/** serialization_failure, deadlock_detected, lock_not_available, and the server's shutdowns. */
const passingStates = new Set(['40001', '40P01', '55P03', '57P01', '57P02', '57P03']);
/** What Prisma's driver adapters call a connection that broke, and a write conflict without its state. */
const passingKinds = new Set(['ConnectionClosed', 'DatabaseNotReachable', 'SocketTimeout', 'TransactionWriteConflict']);
/** Cannot reach, timed out, connection closed, transaction API error, write conflict. */
const passingCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);
/** What node-postgres says by itself, which Prisma hands on as it is. */
const brokenConnection = /^(Connection terminated|Client has encountered a connection error)/;

/** The SQLSTATE that PostgreSQL gave, from where Prisma's driver adapters keep it. */
function sqlStateOf(error: unknown): string | null {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return '23505';
  return driverCauseOf(error).state;
}

/** What the driver said: it stands in the meta of Prisma's own error, or is thrown as it is when it came at COMMIT. */
function driverCauseOf(error: unknown): { readonly state: string | null; readonly kind: string | null } {
  const driverError =
    error instanceof Prisma.PrismaClientKnownRequestError ? error.meta?.['driverAdapterError'] : error;
  if (!(driverError instanceof Error) || driverError.name !== 'DriverAdapterError') return { state: null, kind: null };
  const { cause } = driverError;
  if (typeof cause !== 'object' || cause === null) return { state: null, kind: null };
  return {
    state: 'originalCode' in cause && typeof cause.originalCode === 'string' ? cause.originalCode : null,
    kind: 'kind' in cause && typeof cause.kind === 'string' ? cause.kind : null,
  };
}
