import type { Effect, Refusal } from './types.ts';

/** What a command comes to. A refused one changes nothing, whatever its draft says. */
export type Decision =
  | {
      readonly effect: Effect;
      /** Nothing had to be done: the command had been applied before. */
      readonly repeated?: true;
    }
  | { readonly refusal: Refusal };
