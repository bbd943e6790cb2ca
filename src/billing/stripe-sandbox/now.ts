import type { Clock } from '../../clock.ts';

/** The clock's present second, as Stripe counts time. */
export const nowSeconds = (clock: Clock): number => Math.floor(clock.now() / 1000);
