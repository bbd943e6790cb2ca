import type { PrismaClient } from '../db/index.ts';

/** Where the clock was moved to: how far it is ahead of the machine's, and the how many-th move it was. */
export interface ClockOffset {
  readonly version: number;
  readonly offsetMs: number;
}

/** How far the clock is ahead; version 0 when it was never moved. */
export async function readOffset(client: PrismaClient): Promise<ClockOffset> {
  const row = await client.sandboxClock.findUnique({ where: { id: 1 } });
  return row === null ? { version: 0, offsetMs: 0 } : { version: row.version, offsetMs: Number(row.offsetMs) };
}

/** Moves the clock ahead, never back, and tells the other processes with the commit; gives where it stands. */
export async function writeOffset(client: PrismaClient, offsetMs: number): Promise<ClockOffset> {
  const [row] = await client.$queryRaw<{ version: number; offset_ms: bigint }[]>`
    WITH moved AS (
      INSERT INTO sandbox_clock (version, offset_ms) VALUES (1, ${offsetMs}::bigint)
      ON CONFLICT (id) DO UPDATE SET version = sandbox_clock.version + 1,
        offset_ms = greatest(sandbox_clock.offset_ms, excluded.offset_ms)
      RETURNING version, offset_ms)
    SELECT version, offset_ms, pg_notify('sandbox_clock', '')::text FROM moved`;
  if (row === undefined) throw new Error('The clock was moved, and nobody knows where to.');
  return { version: row.version, offsetMs: Number(row.offset_ms) };
}
