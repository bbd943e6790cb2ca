import type { Clock } from '../../../src/clock.ts';
import { createOutgoing, type Outgoing } from '../../../src/providers/outgoing.ts';

/** The way to a provider of a test's own, which waits for nothing. */
export const createQuietOutgoing = (
  authorization: string | null,
  clock: Clock,
  more: Pick<Parameters<typeof createOutgoing>[0], 'isAboutRequest'> = {},
): Outgoing =>
  createOutgoing({
    provider: 'a provider',
    authorization,
    clock,
    random: () => 0,
    onTrouble: () => {},
    wait: async () => {},
    ...more,
  });
