import type { Instant } from '../clock.ts';
import type { ClockMoves } from '../sandbox-clock/index.ts';
import type { Context } from './context.ts';
import { Forbidden } from './transport-errors.ts';

/** The clock after a move. */
export interface ClockSetting {
  readonly now: Instant;
}

export const advanceClock = async (context: Context, seconds: number): Promise<ClockSetting> => ({
  now: await movesOf(context).advance(seconds),
});

export const setClock = async (context: Context, to: Instant): Promise<ClockSetting> => ({
  now: await movesOf(context).set(to),
});

function movesOf({ services: { clockMoves } }: Context): ClockMoves {
  if (clockMoves === null)
    throw new Forbidden('The clock is moved with BILLING_MODE=sandbox alone; here time is real.');
  return clockMoves;
}
