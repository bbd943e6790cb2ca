import type { Command, GrantId } from './types.ts';

/** The grants that a command names, which it has to see, also when they are used up or not there yet. */
export function grantsNamedBy(command: Command): readonly GrantId[] {
  switch (command.kind) {
    case 'grant':
    case 'void':
    case 'clawback':
      return [command.grantId];
    case 'renew':
      return [
        command.grantId,
        ...command.endsGrantIds,
        ...(command.rollover === null ? [] : [command.rollover.grantId]),
      ];
    case 'reschedule':
      return command.grantIds;
    case 'hold':
    case 'extend':
    case 'capture':
    case 'release':
    case 'refund':
    case 'expire':
      return [];
  }
}
