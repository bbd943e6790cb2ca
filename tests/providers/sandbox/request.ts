import type { Clock } from '../../../src/clock.ts';
import type { ProviderRequest } from '../../../src/providers/index.ts';

/** A clock that stands still until it is told to move on. */
export function createHeldClock(nowMs: number): Clock & { advance(byMs: number): void } {
  let heldMs = nowMs;
  return {
    now: () => heldMs as ReturnType<Clock['now']>, // A clock is what makes a number an instant.
    advance: (byMs) => {
      heldMs += byMs;
    },
  };
}

/** A request for a picture, but for what a test says otherwise. */
export function requestWith(
  model: Partial<ProviderRequest['model']> = {},
  rest: Partial<Omit<ProviderRequest, 'model'>> = {},
): ProviderRequest {
  return {
    generationId: 'gen_01',
    model: { id: 'fal-ai/flux/schnell', name: 'FLUX Schnell', kind: 'IMAGE', workflow: 'text-to-image', ...model },
    input: { prompt: 'a red fox in the snow' },
    sandbox: null,
    callbackUrl: null,
    ...rest,
  };
}
