import { InvalidInputError } from '../errors.ts';
import * as resolve from '../resolvers/clock.ts';
import { builder } from './builder.ts';

const ClockSetting = builder.objectRef<resolve.ClockSetting>('ClockSetting').implement({
  description: 'The clock of the sandbox, after all that was due had happened. It runs on from there.',
  fields: (t) => ({
    now: t.expose('now', { type: 'DateTime', description: 'What it shows.' }),
  }),
});

const ClockResult = builder.errorUnion('ClockResult', {
  description: 'The clock after the move, or why it stayed.',
  types: [InvalidInputError, ClockSetting],
  resolveType: () => ClockSetting,
});

builder.mutationFields((t) => ({
  advanceClock: t.field({
    type: ClockResult,
    description:
      'Moves the clock of the sandbox ahead, for all its processes and for good. All that falls due on the way happens first, each thing at its own instant. For administrators; FORBIDDEN outside sandbox mode.',
    authScopes: { admin: true },
    args: {
      seconds: t.arg.int({ required: true, description: 'By how much; 1 to 316,224,000, which is ten years.' }),
    },
    resolve: (_root, { seconds }, context) => resolve.advanceClock(context, seconds),
  }),
  setClock: t.field({
    type: ClockResult,
    description: 'Like `advanceClock`, to an instant. For administrators; FORBIDDEN outside sandbox mode.',
    authScopes: { admin: true },
    args: {
      to: t.arg({
        type: 'DateTime',
        required: true,
        description: 'Where to; not in the past, at most ten years ahead and before the year 9900.',
      }),
    },
    resolve: (_root, { to }, context) => resolve.setClock(context, to),
  }),
}));
