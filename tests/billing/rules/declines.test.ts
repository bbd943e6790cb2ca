import { expect, test } from 'vitest';
import { suspensionAfter } from '../../../src/billing/rules/declines.ts';

test.each(['insufficient_funds', 'do_not_honor', 'generic_decline', 'try_again_later', 'processing_error'])(
  'given %s, which may pass, then the third failure in a row is the last',
  (code) => {
    expect([1, 2, 3].map((failures) => suspensionAfter({ code, advice: 'try_again_later' }, failures))).toEqual([
      null,
      null,
      'The payment method was declined 3 times. Use another one.',
    ]);
  },
);

test.each([
  'stolen_card',
  'lost_card',
  'pickup_card',
  'fraudulent',
  'incorrect_number',
  'invalid_account',
  'expired_card',
])('given %s, which never succeeds, then the first failure is the last, and its reason stays untold', (code) => {
  expect(suspensionAfter({ code, advice: null }, 1)).toBe(
    'The payment method was declined and will not be tried again. Use another one.',
  );
});

test('given Stripe advises not to try again, then the first failure is the last, whatever its code', () => {
  expect(suspensionAfter({ code: 'generic_decline', advice: 'do_not_try_again' }, 1)).not.toBeNull();
  expect(suspensionAfter({ code: 'generic_decline', advice: 'confirm_card_data' }, 1)).toBeNull();
});
