import { describe, expect, it } from 'vitest';
import { sandboxBehaviours } from '../../../src/providers/index.ts';
import { readRequestId, writeRequestId } from '../../../src/providers/sandbox/request-id.ts';

const seed = '0123456789abcdef';

describe('sandbox request ids', () => {
  it.each(['run' as const, ...sandboxBehaviours])(
    'given the course %s, when written and read, then it is as it was',
    (course) => {
      const ticket = { startMs: 1_700_000_000_000, durationMs: 1_500, course, seed };

      expect(readRequestId(writeRequestId(ticket))).toEqual(ticket);
    },
  );

  it('given a ticket, when written, then the id can be read by people too', () => {
    const requestId = writeRequestId({ startMs: 1_000, durationMs: 1_500, course: 'run', seed });

    expect(requestId).toBe('sandbox_1000_1500_run_0123456789abcdef');
  });

  it.each([
    '',
    'sandbox',
    'fal_1000_1500_run_0123456789abcdef',
    'sandbox_-1_1500_run_0123456789abcdef',
    'sandbox_1e3_1500_run_0123456789abcdef',
    'sandbox_1000000000000000_1500_run_0123456789abcdef',
    'sandbox_1000_1500_sleep_0123456789abcdef',
    'sandbox_1000_1500_run_0123',
    'sandbox_1000_1500_run_0123456789abcdef_',
    'sandbox_1000_1500_run_0123456789abcdef\n',
  ])('given the foreign id %j, when read, then there is no ticket', (requestId) => {
    expect(readRequestId(requestId)).toBeNull();
  });
});
