/** Why a bank says no, in Stripe's words. */
export interface Decline {
  readonly code: string;
  readonly decline_code: string;
  readonly message: string;
}

/** A payment method that exists for tests alone, under the name that Stripe gives it. */
export interface TestPaymentMethod {
  readonly name: string;
  /** What it does, for people. */
  readonly label: string;
  readonly brand: string;
  readonly last4: string;
  readonly type: 'card' | 'us_bank_account';
  /** How a charge ends; a debit takes days for it. */
  readonly charge: 'succeeds' | 'is_disputed' | Decline;
  /** How a charge without the buyer ends, where it ends differently. */
  readonly offSession: Decline | null;
  /** Whether a customer can keep it. */
  readonly canBeAttached: boolean;
}

const genericDecline: Decline = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
};

const card = (
  name: string,
  last4: string,
  label: string,
  behavior: Partial<Pick<TestPaymentMethod, 'brand' | 'charge' | 'offSession' | 'canBeAttached'>> = {},
): TestPaymentMethod => ({
  name,
  label,
  brand: 'visa',
  last4,
  type: 'card',
  charge: 'succeeds',
  offSession: null,
  canBeAttached: true,
  ...behavior,
});

const declinedCard = (name: string, last4: string, label: string, charge: Decline): TestPaymentMethod =>
  card(name, last4, label, { charge, canBeAttached: false });

const bankAccount = (name: string, last4: string, label: string, charge: 'succeeds' | Decline): TestPaymentMethod => ({
  name,
  label,
  brand: 'STRIPE TEST BANK',
  last4,
  type: 'us_bank_account',
  charge,
  offSession: null,
  canBeAttached: true,
});

export const testPaymentMethods: readonly TestPaymentMethod[] = [
  card('pm_card_visa', '4242', 'Visa: every payment succeeds'),
  card('pm_card_mastercard', '4444', 'Mastercard: every payment succeeds', { brand: 'mastercard' }),
  declinedCard('pm_card_chargeDeclined', '0002', 'Visa: declined', genericDecline),
  declinedCard('pm_card_chargeDeclinedInsufficientFunds', '9995', 'Visa: declined, insufficient funds', {
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  }),
  declinedCard('pm_card_chargeDeclinedLostCard', '9987', 'Visa: declined, lost card', {
    ...genericDecline,
    decline_code: 'lost_card',
  }),
  declinedCard('pm_card_chargeDeclinedStolenCard', '9979', 'Visa: declined, stolen card', {
    ...genericDecline,
    decline_code: 'stolen_card',
  }),
  declinedCard('pm_card_chargeDeclinedExpiredCard', '0069', 'Visa: declined, expired card', {
    code: 'expired_card',
    decline_code: 'expired_card',
    message: 'Your card has expired.',
  }),
  card('pm_card_chargeCustomerFail', '0341', 'Visa: can be saved, every payment is declined', {
    charge: genericDecline,
  }),
  card('pm_card_authenticationRequired', '3184', 'Visa: declined when you are away', {
    offSession: {
      code: 'authentication_required',
      decline_code: 'authentication_required',
      message: 'Your card was declined. This transaction requires authentication.',
    },
  }),
  card('pm_card_createDispute', '0259', 'Visa: succeeds and is disputed at once', { charge: 'is_disputed' }),
  bankAccount('pm_usBankAccount_success', '6789', 'Bank debit: succeeds after 3 days', 'succeeds'),
  bankAccount('pm_usBankAccount_insufficientFunds', '2222', 'Bank debit: fails after 3 days', {
    code: 'insufficient_funds',
    decline_code: 'insufficient_funds',
    message: 'The customer’s account has insufficient funds to cover this payment.',
  }),
];

/** A test payment method by its name, which may name the brand too; null when there is none. */
export function findTestPaymentMethod(name: string): TestPaymentMethod | null {
  const wanted = name.replace(/^pm_card_visa_/, 'pm_card_');
  return testPaymentMethods.find((method) => method.name === wanted) ?? null;
}

/** How a payment with a test method ends. */
export function declineOf(method: TestPaymentMethod, offSession: boolean): Decline | null {
  if (offSession && method.offSession !== null) return method.offSession;
  return typeof method.charge === 'string' ? null : method.charge;
}
