import type { CreditPack, Model } from './catalog/types.ts';
import type { Instant } from './clock.ts';

/**
 * Every failure that a caller must expect, each one a type of the schema. `httpStatus` is what the
 * compatibility routes answer, save where one has an answer of its own for it; `retryable` says whether the same request may succeed later.
 */
export const expectedErrors = {
  INSUFFICIENT_CREDITS: { type: 'InsufficientCreditsError', httpStatus: 402, retryable: false },
  UNKNOWN_MODEL: { type: 'UnknownModelError', httpStatus: 400, retryable: false },
  MODEL_UNAVAILABLE: { type: 'ModelUnavailableError', httpStatus: 409, retryable: true },
  INVALID_INPUT: { type: 'InvalidInputError', httpStatus: 400, retryable: false },
  IDEMPOTENCY_CONFLICT: { type: 'IdempotencyConflictError', httpStatus: 409, retryable: false },
  PRICE_CHANGED: { type: 'PriceChangedError', httpStatus: 409, retryable: false },
  BUDGET_EXCEEDED: { type: 'BudgetExceededError', httpStatus: 402, retryable: false },
  GENERATION_NOT_FOUND: { type: 'GenerationNotFoundError', httpStatus: 404, retryable: false },
  NOT_CANCELABLE: { type: 'NotCancelableError', httpStatus: 409, retryable: false },
  UNKNOWN_PLAN: { type: 'UnknownPlanError', httpStatus: 400, retryable: false },
  UNKNOWN_CREDIT_PACK: { type: 'UnknownCreditPackError', httpStatus: 400, retryable: false },
  NOT_PURCHASABLE: { type: 'NotPurchasableError', httpStatus: 400, retryable: false },
  CHECKOUT_UNAVAILABLE: { type: 'CheckoutUnavailableError', httpStatus: 503, retryable: false },
  REDIRECT_NOT_ALLOWED: { type: 'RedirectNotAllowedError', httpStatus: 400, retryable: false },
  NO_CUSTOMER: { type: 'NoCustomerError', httpStatus: 400, retryable: false },
  NO_SUBSCRIPTION: { type: 'NoSubscriptionError', httpStatus: 400, retryable: false },
  ACCOUNT_NOT_FOUND: { type: 'AccountNotFoundError', httpStatus: 404, retryable: false },
  GRANT_NOT_FOUND: { type: 'GrantNotFoundError', httpStatus: 404, retryable: false },
  GRANT_NOT_VOIDABLE: { type: 'GrantNotVoidableError', httpStatus: 409, retryable: false },
  PAYMENT_PROVIDER: { type: 'PaymentProviderError', httpStatus: 503, retryable: true },
  BUSY: { type: 'BusyError', httpStatus: 503, retryable: true },
} as const satisfies Record<string, { type: string; httpStatus: number; retryable: boolean }>;

export type ExpectedErrorCode = keyof typeof expectedErrors;

/** A failure that the contract names; the message is for the person who meets it. */
export abstract class ExpectedError extends Error {
  abstract readonly code: ExpectedErrorCode;
}

export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** When a hold needs more than is available. */
export class InsufficientCreditsError extends ExpectedError {
  readonly code = 'INSUFFICIENT_CREDITS';
  readonly required: number;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  readonly shortfall: number;
  readonly topUpUrl = '/settings/billing';
  readonly upgradeUrl = '/settings/billing#plans';
  readonly suggestedPack: CreditPack | null;

  constructor(
    wallet: { required: number; available: number; held: number; debt: number },
    suggestPack: (shortfall: number) => CreditPack | null,
  ) {
    const shortfall = wallet.required + wallet.debt - wallet.available;
    super(
      `This costs ${count(wallet.required)} and ${count(wallet.available)} ${wallet.available === 1 ? 'is' : 'are'} available: ${count(shortfall)} short. Top up or upgrade to go on.`,
    );
    this.required = wallet.required;
    this.available = wallet.available;
    this.held = wallet.held;
    this.debt = wallet.debt;
    this.shortfall = shortfall;
    this.suggestedPack = suggestPack(shortfall);
  }
}

const count = (credits: number): string => `${credits} ${credits === 1 ? 'credit' : 'credits'}`;

/** When no model of the catalog has the id. */
export class UnknownModelError extends ExpectedError {
  readonly code = 'UNKNOWN_MODEL';
  readonly modelId: string;
  readonly suggestions: readonly Model[];

  constructor(modelId: string, suggestions: readonly Model[]) {
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.map((model) => model.id).join(' or ')}?` : '';
    super(`There is no model "${modelId.slice(0, 200)}".${hint}`);
    this.modelId = modelId;
    this.suggestions = suggestions;
  }
}

/** When the model is disabled or nobody here can run it. */
export class ModelUnavailableError extends ExpectedError {
  readonly code = 'MODEL_UNAVAILABLE';
  readonly model: Model;

  constructor(model: Model) {
    const reason = model.unavailableReason === null ? '' : ` ${model.unavailableReason}`;
    super(`${model.name} is not available at the moment.${reason} Choose another model or try again later.`);
    this.model = model;
  }
}

/** When an argument has the wrong shape, or a model does not take it. */
export class InvalidInputError extends ExpectedError {
  readonly code = 'INVALID_INPUT';
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    super(issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join(' '));
    this.issues = issues;
  }
}

/** When a key is used again with another request. */
export class IdempotencyConflictError extends ExpectedError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  readonly idempotencyKey: string;

  constructor(idempotencyKey: string) {
    super('This idempotency key was used before with another request. Send a new key with a new request.');
    this.idempotencyKey = idempotencyKey;
  }
}

/** When a quote has lapsed and the price has changed since. */
export class PriceChangedError extends ExpectedError {
  readonly code = 'PRICE_CHANGED';
  readonly quoted: number;
  readonly current: number;

  constructor(quoted: number, current: number) {
    super(`The quote of ${count(quoted)} has lapsed and the price is ${count(current)} now. Ask for a new quote.`);
    this.quoted = quoted;
    this.current = current;
  }
}

/** When the key that calls has a budget and it is used up. */
export class BudgetExceededError extends ExpectedError {
  readonly code = 'BUDGET_EXCEEDED';
  readonly limit: number;
  readonly used: number;
  readonly resetsAt: Instant | null;

  constructor(budget: { limit: number; used: number; resetsAt: Instant | null }) {
    super(`The budget of this key is used up: ${budget.used} of ${count(budget.limit)}.`);
    this.limit = budget.limit;
    this.used = budget.used;
    this.resetsAt = budget.resetsAt;
  }
}

/** When the caller has no generation with the id. */
export class GenerationNotFoundError extends ExpectedError {
  readonly code = 'GENERATION_NOT_FOUND';

  constructor() {
    super('There is no such generation.');
  }
}

/** When a generation has already ended. */
export class NotCancelableError extends ExpectedError {
  readonly code = 'NOT_CANCELABLE';
  readonly status: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';

  constructor(status: NotCancelableError['status']) {
    super(`This generation has already ended: ${status}.`);
    this.status = status;
  }
}

/** When no plan has the code. */
export class UnknownPlanError extends ExpectedError {
  readonly code = 'UNKNOWN_PLAN';
  readonly planCode: string;

  constructor(planCode: string) {
    super(`There is no plan "${planCode.slice(0, 200)}".`);
    this.planCode = planCode;
  }
}

/** When no credit pack has the code. */
export class UnknownCreditPackError extends ExpectedError {
  readonly code = 'UNKNOWN_CREDIT_PACK';
  readonly packCode: string;

  constructor(packCode: string) {
    super(`There is no credit pack "${packCode.slice(0, 200)}".`);
    this.packCode = packCode;
  }
}

/** When what was asked for is not sold through a checkout. */
export class NotPurchasableError extends ExpectedError {
  readonly code = 'NOT_PURCHASABLE';
}

/** When billing is switched off. */
export class CheckoutUnavailableError extends ExpectedError {
  readonly code = 'CHECKOUT_UNAVAILABLE';
  readonly billingMode: 'DISABLED' | 'SANDBOX' | 'TEST_ONLY' | 'LIVE';

  constructor(billingMode: CheckoutUnavailableError['billingMode']) {
    super('Checkout is not available here: billing is switched off.');
    this.billingMode = billingMode;
  }
}

/** When a checkout would return to a place that is not on the allow-list. */
export class RedirectNotAllowedError extends ExpectedError {
  readonly code = 'REDIRECT_NOT_ALLOWED';
  readonly url: string;

  constructor(url: string) {
    super('A checkout may only return to an address on the allow-list of this server.');
    this.url = url;
  }
}

/** When something needs a customer at Stripe, or a way to charge one, and the account has none. */
export class NoCustomerError extends ExpectedError {
  readonly code = 'NO_CUSTOMER';
}

/** When the account has no subscription. */
export class NoSubscriptionError extends ExpectedError {
  readonly code = 'NO_SUBSCRIPTION';

  constructor() {
    super('There is no subscription. Buy a plan through a checkout first.');
  }
}

/** When Stripe could not be reached or refused; nothing was charged. */
export class PaymentProviderError extends ExpectedError {
  readonly code = 'PAYMENT_PROVIDER';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('The payment provider did not answer as it should. Nothing was charged; try again shortly.');
    this.retryAfterMs = retryAfterMs;
  }
}

/** When no account has the id. */
export class AccountNotFoundError extends ExpectedError {
  readonly code = 'ACCOUNT_NOT_FOUND';
  readonly accountId: string;

  constructor(accountId: string) {
    super(`There is no account "${accountId.slice(0, 200)}".`);
    this.accountId = accountId;
  }
}

/** When no grant has the id. */
export class GrantNotFoundError extends ExpectedError {
  readonly code = 'GRANT_NOT_FOUND';

  constructor() {
    super('There is no such grant.');
  }
}

/** When a grant has nothing left to void. */
export class GrantNotVoidableError extends ExpectedError {
  readonly code = 'GRANT_NOT_VOIDABLE';
  readonly state: 'PENDING' | 'ACTIVE' | 'USED' | 'EXPIRED' | 'VOIDED';

  constructor(state: GrantNotVoidableError['state']) {
    super(`Nothing of this grant is left to void: it is ${state}.`);
    this.state = state;
  }
}

/** When more is asked than can be queued; nothing was changed, nothing is lost. */
export class BusyError extends ExpectedError {
  readonly code = 'BUSY';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('The server is busy. Nothing was changed; try again shortly.');
    this.retryAfterMs = retryAfterMs;
  }
}
