import { describe, expect, test } from 'vitest';
import { grantsNamedBy } from '../../../src/ledger/core/named-grants.ts';
import {
  captureOf,
  clawbackOf,
  expire,
  extendOf,
  grantOf,
  holdOf,
  refundOf,
  releaseOf,
  renewOf,
  rescheduleOf,
  voidOf,
} from './builder.ts';

describe('the grants that a command names', () => {
  test.each([
    { command: grantOf('a', 1), named: ['a'] },
    { command: voidOf('a'), named: ['a'] },
    { command: clawbackOf('a', 1), named: ['a'] },
    { command: rescheduleOf(['a', 'b'], 1), named: ['a', 'b'] },
    { command: renewOf('a', 1, { ends: ['b', 'c'] }), named: ['a', 'b', 'c'] },
    {
      command: renewOf('a', 1, { ends: ['b', 'c'], rollover: { id: 'd', from: ['b'], cap: 1 } }),
      named: ['a', 'b', 'c', 'd'],
    },
    { command: holdOf('h', 1), named: [] },
    { command: extendOf('h', 1), named: [] },
    { command: captureOf('h'), named: [] },
    { command: releaseOf('h'), named: [] },
    { command: refundOf('h'), named: [] },
    { command: expire, named: [] },
  ])('given a $command.kind, then they are $named', ({ command, named }) => {
    expect(grantsNamedBy(command)).toEqual(named);
  });
});
