import { type Clock, toDate } from '../../clock.ts';
import {
  BusyError,
  type ExpectedError,
  expectedErrors,
  InsufficientCreditsError,
  PaymentProviderError,
} from '../../errors.ts';
import type { Answer } from './call.ts';

/** The body of a failure on these routes. */
export const errorBody = (error: string, clock: Clock, details: string | null = null): object => ({
  error,
  details,
  timestamp: toDate(clock.now()).toISOString(),
});

/** An expected failure in the format of these routes; what it says for people goes behind the sentence that clients know, if there is one. */
export function failureAnswer(error: ExpectedError, clock: Clock, known: string | null = null): Answer {
  const { httpStatus: status } = expectedErrors[error.code];
  if (error instanceof InsufficientCreditsError) {
    return {
      status,
      body: {
        error: 'Insufficient credits',
        code: 'insufficient_credits',
        required: error.required,
        available: error.available,
        top_up_url: error.topUpUrl,
        upgrade_url: error.upgradeUrl,
      },
    };
  }
  const body = known === null ? errorBody(error.message, clock) : errorBody(known, clock, error.message);
  if (error.code === 'BUDGET_EXCEEDED') return { status, body: { ...body, code: 'budget_exceeded' } };
  if (error instanceof BusyError || error instanceof PaymentProviderError) {
    return { status, body, headers: { 'retry-after': String(Math.ceil(error.retryAfterMs / 1_000)) } };
  }
  return { status, body };
}
