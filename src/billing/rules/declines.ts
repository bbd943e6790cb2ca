/** After so many failures in a row nothing is tried any more. */
const mostFailures = 3;

/**
 * Declines after which the same payment method never succeeds without its owner: those whose next step in Stripe's list
 * is another card, other details, or the bank (https://docs.stripe.com/declines/codes), and an account that is closed.
 * What that list says may be tried again, such as `do_not_honor` or `insufficient_funds`, is none of them.
 */
const lastingDeclines: ReadonlySet<string> = new Set([
  'account_closed',
  'authentication_required',
  'card_not_supported',
  'currency_not_supported',
  'debit_not_authorized',
  'do_not_try_again',
  'expired_card',
  'fraudulent',
  'highest_risk_level',
  'incorrect_cvc',
  'incorrect_number',
  'invalid_account',
  'invalid_cvc',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'lost_card',
  'merchant_blacklist',
  'no_account',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'stolen_card',
  'stop_payment_order',
  'testmode_decline',
  'transaction_not_allowed',
]);

/** Why a payment failed, in Stripe's words. */
export interface Decline {
  readonly code: string;
  /** What Stripe advises to do next; null when it advises nothing. */
  readonly advice: string | null;
}

/**
 * Why nothing is to be tried any more after a failure, for people; null when it may be tried again. Which decline it was
 * stays untold: Stripe asks not to tell a thief that a card is known to be stolen.
 */
export function suspensionAfter({ code, advice }: Decline, failures: number): string | null {
  if (code === 'authentication_required') {
    return 'The bank wants its customer to confirm each payment. Use another payment method.';
  }
  if (lastingDeclines.has(code) || advice === 'do_not_try_again') {
    return 'The payment method was declined and will not be tried again. Use another one.';
  }
  return failures >= mostFailures ? `The payment method was declined ${failures} times. Use another one.` : null;
}
