import type { Instant } from '../clock.ts';

/** The instant of one of Stripe's times, which are seconds since 1970. */
export const fromStripeTime = (seconds: number): Instant => (seconds * 1_000) as Instant; // Milliseconds since 1970.

/** An instant as Stripe writes it: the second that it lies in. */
export const toStripeTime = (instant: Instant): number => Math.floor(instant / 1_000);
