import type { Command, Effect, Refusal } from './types.ts';

/** The command of one kind. */
export type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

/** What a command comes to. A refused one changes nothing, whatever its draft says. */
export type Decision =
  | {
      readonly effect: Effect;
      /** Nothing had to be done: the command had been applied before, or all is as it wants it. */
      readonly repeated?: true;
    }
  | { readonly refusal: Refusal };
