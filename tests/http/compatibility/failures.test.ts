import { describe, expect, test } from 'vitest';
import type { Model } from '../../../src/catalog/index.ts';
import type { Instant } from '../../../src/clock.ts';
import * as errors from '../../../src/errors.ts';
import { failureAnswer } from '../../../src/http/compatibility/failures.ts';

const clock = { now: () => Date.parse('2026-01-01T12:00:00.000Z') as Instant }; // Held still.

const model: Model = {
  id: 'fal-ai/flux/schnell',
  name: 'FLUX Schnell',
  label: 'FLUX Schnell (3 credits)',
  kind: 'IMAGE',
  category: 'image-generation',
  workflow: 'text-to-image',
  provider: 'FAL',
  credits: 3,
  priceVersion: 1,
  speedSeconds: 3,
  speed: '~3s',
  badge: null,
  isDefault: false,
  available: false,
  unavailableReason: 'It is switched off.',
  accepts: ['prompt'],
  inputDefaults: {},
};

/** Every expected failure with the status that it has on these routes, where it is not answered otherwise. */
const table: Readonly<Record<errors.ExpectedErrorCode, readonly [status: number, error: errors.ExpectedError]>> = {
  INSUFFICIENT_CREDITS: [
    402,
    new errors.InsufficientCreditsError({ required: 4, available: 2, held: 0, debt: 0 }, () => null),
  ],
  UNKNOWN_MODEL: [400, new errors.UnknownModelError('fal-ai/flux', [model])],
  MODEL_UNAVAILABLE: [409, new errors.ModelUnavailableError(model)],
  INVALID_INPUT: [400, new errors.InvalidInputError([{ path: ['body', 'prompt'], message: 'Is needed.' }])],
  IDEMPOTENCY_CONFLICT: [409, new errors.IdempotencyConflictError('key')],
  PRICE_CHANGED: [409, new errors.PriceChangedError(3, 4)],
  BUDGET_EXCEEDED: [402, new errors.BudgetExceededError({ limit: 10, used: 10, resetsAt: null })],
  GENERATION_NOT_FOUND: [404, new errors.GenerationNotFoundError()],
  NOT_CANCELABLE: [409, new errors.NotCancelableError('SUCCEEDED')],
  UNKNOWN_PLAN: [400, new errors.UnknownPlanError('PRO')],
  UNKNOWN_CREDIT_PACK: [400, new errors.UnknownCreditPackError('pack_1')],
  NOT_PURCHASABLE: [400, new errors.NotPurchasableError('Enterprise is sold by our sales team.')],
  CHECKOUT_UNAVAILABLE: [503, new errors.CheckoutUnavailableError('DISABLED')], // Checkout and portal say it with 200.
  REDIRECT_NOT_ALLOWED: [400, new errors.RedirectNotAllowedError('https://evil.example')],
  NO_CUSTOMER: [400, new errors.NoCustomerError('Nothing was bought yet.')], // The portal says it with 200.
  NO_SUBSCRIPTION: [400, new errors.NoSubscriptionError()],
  ACCOUNT_NOT_FOUND: [404, new errors.AccountNotFoundError('account_1')],
  GRANT_NOT_FOUND: [404, new errors.GrantNotFoundError()],
  GRANT_NOT_VOIDABLE: [409, new errors.GrantNotVoidableError('USED')],
  PAYMENT_PROVIDER: [503, new errors.PaymentProviderError(5_000)],
  BUSY: [503, new errors.BusyError(1_200)],
};

describe("An expected failure on the existing clients' routes", () => {
  test.each(Object.entries(table))('%s has its status', (code, [status, error]) => {
    expect(error.code).toBe(code);
    expect(failureAnswer(error, clock).status).toBe(status);
    expect(errors.expectedErrors[error.code].httpStatus).toBe(status);
  });

  test('its body is what went wrong, save that of too few credits, which clients know by heart', () => {
    for (const [, error] of Object.values(table)) {
      const { body } = failureAnswer(error, clock);
      if (error.code === 'INSUFFICIENT_CREDITS') {
        expect(body).toEqual({
          error: 'Insufficient credits',
          code: 'insufficient_credits',
          required: 4,
          available: 2,
          top_up_url: '/settings/billing',
          upgrade_url: '/settings/billing#plans',
        });
      } else {
        expect(body).toEqual({
          error: error.message,
          details: null,
          timestamp: '2026-01-01T12:00:00.000Z',
          ...(error.code === 'BUDGET_EXCEEDED' ? { code: 'budget_exceeded' } : {}),
        });
      }
    }
  });

  test('one that passes says after how many whole seconds', () => {
    const waits = Object.values(table).flatMap(([, error]) => {
      const { headers } = failureAnswer(error, clock);
      return headers === undefined ? [] : [[error.code, headers]];
    });
    expect(waits).toEqual([
      ['PAYMENT_PROVIDER', { 'retry-after': '5' }],
      ['BUSY', { 'retry-after': '2' }],
    ]);
  });

  test('one that clients know by a sentence has that sentence, and what people should read in its details', () => {
    expect(failureAnswer(new errors.UnknownPlanError('PRO'), clock, 'Invalid billing plan').body).toEqual({
      error: 'Invalid billing plan',
      details: 'There is no plan "PRO".',
      timestamp: '2026-01-01T12:00:00.000Z',
    });
  });
});
