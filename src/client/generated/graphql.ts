/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** How often a plan is paid. */
export type BillingInterval =
  /** Every month. */
  | 'MONTH'
  /** Every year. */
  | 'YEAR';

/** When to end the subscription. */
export type CancelSubscriptionInput = {
  /** True: with its period, as its credits do. False: now, with all credits of the plan. Packs stay. */
  atPeriodEnd?: boolean;
  /** Or the Idempotency-Key header; 1 to 255 characters. */
  idempotencyKey?: string | null | undefined;
};

/** The plan to change to. */
export type ChangePlanInput = {
  /** Or the Idempotency-Key header; 1 to 255 characters. */
  idempotencyKey?: string | null | undefined;
  /** How often it is paid. */
  interval?: BillingInterval;
  /** The plan. */
  planCode: string;
};

/** What is bought. */
export type CheckoutMode =
  /** A credit pack. */
  | 'PACK'
  /** A plan. */
  | 'SUBSCRIPTION';

/** How far a checkout is, for the page that its buyer returns to. */
export type CheckoutProgress =
  /** The credits have come: `creditsGranted`. */
  | 'CREDITED'
  /** Nobody paid in time; nothing was charged. */
  | 'EXPIRED'
  /** The payment failed; nothing was charged and no credits come. */
  | 'FAILED'
  /** It is paid, or a trial has begun; the credits come in a moment. */
  | 'PAID_CREDITS_ARRIVING'
  /** The buyer is done, and the bank is not: a debit takes days. Credits come when it is paid. */
  | 'WAITING_FOR_BANK'
  /** No payment is known of: the buyer has not paid yet, or Stripe's word of it is on its way. */
  | 'WAITING_FOR_PAYMENT';

/** Where a checkout stands. */
export type CheckoutStatus =
  /** It was paid. */
  | 'COMPLETED'
  /** It waits for its buyer, or for the money. */
  | 'CREATED'
  /** Nobody paid in time. */
  | 'EXPIRED'
  /** The payment failed. */
  | 'FAILED';

/** What to buy, and where to go afterwards. */
export type CreateCheckoutInput = {
  /** Where to go without paying; on the allow-list. Absent: a page of this server. */
  cancelUrl?: string | null | undefined;
  /** Or the Idempotency-Key header; 1 to 255 characters. */
  idempotencyKey?: string | null | undefined;
  /** How often a plan is paid. */
  interval?: BillingInterval;
  /** A plan or a pack. */
  mode: CheckoutMode;
  /** The pack; needed for a PACK. */
  packCode?: string | null | undefined;
  /** The plan; needed for a SUBSCRIPTION. */
  planCode?: string | null | undefined;
  /** Where to go after paying; on the allow-list. Absent: a page of this server. */
  successUrl?: string | null | undefined;
};

/** What went wrong, for programs. The message beside it is for people. */
export type ErrorCode =
  /** No account has the id. */
  | 'ACCOUNT_NOT_FOUND'
  /** The budget of the key is used up. */
  | 'BUDGET_EXCEEDED'
  /** Too much is asked at the moment; nothing was changed, try again. */
  | 'BUSY'
  /** Billing is switched off. */
  | 'CHECKOUT_UNAVAILABLE'
  /** The caller has no generation with the id. */
  | 'GENERATION_NOT_FOUND'
  /** No grant has the id. */
  | 'GRANT_NOT_FOUND'
  /** The grant has nothing left to void. */
  | 'GRANT_NOT_VOIDABLE'
  /** The idempotency key was used before with another request. */
  | 'IDEMPOTENCY_CONFLICT'
  /** Too few credits are available. */
  | 'INSUFFICIENT_CREDITS'
  /** An argument has the wrong shape, or the model does not take it. */
  | 'INVALID_INPUT'
  /** The model is disabled or nobody can run it at the moment. */
  | 'MODEL_UNAVAILABLE'
  /** The generation has already ended. */
  | 'NOT_CANCELABLE'
  /** It is not sold through a checkout. */
  | 'NOT_PURCHASABLE'
  /** The account has no customer at Stripe yet, or none that can be charged. */
  | 'NO_CUSTOMER'
  /** The account has no subscription. */
  | 'NO_SUBSCRIPTION'
  /** The payment provider did not answer as it should; nothing was charged. */
  | 'PAYMENT_PROVIDER'
  /** The quote has lapsed and the price has changed since. */
  | 'PRICE_CHANGED'
  /** A redirect address is not on the allow-list. */
  | 'REDIRECT_NOT_ALLOWED'
  /** No credit pack has the code. */
  | 'UNKNOWN_CREDIT_PACK'
  /** No model has the id. */
  | 'UNKNOWN_MODEL'
  /** No plan has the code. */
  | 'UNKNOWN_PLAN';

/** One call of one model. */
export type GenerateInput = {
  /** The shots of a DIRECTORS_CUT, in order; at most 200. */
  assets?: Array<ShotAssetInput> | null | undefined;
  /** Or the Idempotency-Key header; 1 to 255 characters. The same key with the same input has one effect and the same answer, for ever. */
  idempotencyKey?: string | null | undefined;
  /** What to make; needed when neither modelId nor the operation says it. */
  kind?: MediaKind | null | undefined;
  /** The caller's own, at most 4 KiB; comes back on the generation. */
  metadata?: { readonly [name: string]: unknown } | null | undefined;
  /** The model; absent: the default of `kind`, or of the operation. */
  modelId?: string | number | null | undefined;
  /** What is asked for. */
  operation?: Operation;
  /** The model's own inputs, checked against what it accepts; at most 64 KiB. In the sandbox, `sandbox`: "slow", "fail", "block" or "hang" tries an outcome. */
  params?: { readonly [name: string]: unknown } | null | undefined;
  /** Fills the model's prompt or text, whichever it takes; at most 20,000 characters. */
  prompt?: string | null | undefined;
  /** A quote for this call: its price is charged. */
  quoteId?: string | number | null | undefined;
};

/** Why a generation failed. A failed generation costs nothing. */
export type GenerationFailureCode =
  /** The provider's content rules refused the request or its result. */
  | 'CONTENT_BLOCKED'
  /** The hold lapsed and its price was not available any more. */
  | 'HOLD_EXPIRED'
  /** It was interrupted on our side. */
  | 'INTERNAL'
  /** The provider failed. */
  | 'PROVIDER_ERROR'
  /** The provider refused the request. */
  | 'PROVIDER_REJECTED'
  /** The provider took too long. */
  | 'PROVIDER_TIMEOUT';

/** Where a generation stands. */
export type GenerationStatus =
  /** It was cancelled and nothing was charged. */
  | 'CANCELED'
  /** There is no result and nothing was charged. */
  | 'FAILED'
  /** Its credits are held; the provider has not taken it yet. */
  | 'QUEUED'
  /** The provider works on it. */
  | 'RUNNING'
  /** The result is there and was charged. */
  | 'SUCCEEDED';

/** What a model makes. */
export type MediaKind =
  /** Speech, music and sound. */
  | 'AUDIO'
  /** Pictures. */
  | 'IMAGE'
  /** Text. */
  | 'TEXT'
  /** Moving pictures. */
  | 'VIDEO';

/** What is asked for. */
export type Operation =
  /** One film of many shots, given in `assets`. */
  | 'DIRECTORS_CUT'
  /** Any model. */
  | 'GENERATE'
  /** The image of a shot; without a modelId the default image model. */
  | 'SHOT_IMAGE'
  /** The video of a shot; without a modelId the default video model. */
  | 'SHOT_VIDEO';

/** A shot of a Director's Cut. */
export type ShotAssetInput = {
  /** How long it is shown, more than 0 and at most 3600 seconds; absent: 5. */
  durationSeconds?: number | null | undefined;
  /** IMAGE, VIDEO or AUDIO. */
  kind: MediaKind;
  /** Where the file is; http or https. */
  url: string;
};

/** Where a subscription stands, in Stripe's words. A status that Stripe invents later shows as PAUSED. */
export type SubscriptionStatus =
  /** It is paid. */
  | 'ACTIVE'
  /** It has ended. */
  | 'CANCELED'
  /** The first payment is not there. */
  | 'INCOMPLETE'
  /** The first payment never came. */
  | 'INCOMPLETE_EXPIRED'
  /** The last payment failed and is tried again; what is there stays for at most 72 hours past the period. */
  | 'PAST_DUE'
  /** Nothing is paid and nothing new is given at the moment. */
  | 'PAUSED'
  /** It is being tried; the quota was given once, until the end of the trial. */
  | 'TRIALING'
  /** Payments failed and are not tried any more; nothing new is given. */
  | 'UNPAID';

export type ModelsQueryVariables = Exact<{
  kind?: MediaKind | null | undefined;
  search?: string | null | undefined;
}>;


export type ModelsQuery = { models: Array<{ id: string, name: string, label: string, kind: MediaKind, workflow: string, credits: number, isDefault: boolean, available: boolean }> };

export type WalletQueryVariables = Exact<{ [key: string]: never; }>;


export type WalletQuery = { wallet: { id: string, available: number, held: number, debt: number, isLow: boolean, rollover: number, topUp: number, monthly: { quota: number, remaining: number, resetsAt: string | null }, plan: { code: string, name: string } } | null };

export type CreateUploadMutationVariables = Exact<{
  kind: MediaKind;
}>;


export type CreateUploadMutation = { createUpload:
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'Upload', putUrl: string, url: string, maxBytes: number, expiresAt: string }
   };

export type GenerateMutationVariables = Exact<{
  input: GenerateInput;
}>;


export type GenerateMutation = { generate:
    | { __typename: 'BudgetExceededError', code: ErrorCode, message: string }
    | { __typename: 'BusyError', code: ErrorCode, message: string }
    | { __typename: 'Generation', id: string, status: GenerationStatus, creditsHeld: number, creditsCharged: number, replayed: boolean }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InsufficientCreditsError', code: ErrorCode, message: string, required: number, available: number, shortfall: number, topUpUrl: string, suggestedPack: { code: string, name: string } | null }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'ModelUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'PriceChangedError', code: ErrorCode, message: string }
    | { __typename: 'UnknownModelError', code: ErrorCode, message: string }
   };

export type GenerationQueryVariables = Exact<{
  id: string | number;
}>;


export type GenerationQuery = { generation: { id: string, status: GenerationStatus, progress: number | null, creditsHeld: number, creditsCharged: number, text: string | null, assets: Array<{ id: string, url: string, mimeType: string }>, failure: { code: GenerationFailureCode, message: string, retryable: boolean } | null } | null };

export type CreateCheckoutMutationVariables = Exact<{
  input: CreateCheckoutInput;
}>;


export type CreateCheckoutMutation = { createCheckout:
    | { __typename: 'BusyError', code: ErrorCode, message: string }
    | { __typename: 'Checkout', id: string, url: string, status: CheckoutStatus, credits: number, price: { formatted: string } }
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NotPurchasableError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'RedirectNotAllowedError', code: ErrorCode, message: string }
    | { __typename: 'UnknownCreditPackError', code: ErrorCode, message: string }
    | { __typename: 'UnknownPlanError', code: ErrorCode, message: string }
   };

export type CheckoutQueryVariables = Exact<{
  id: string | number;
}>;


export type CheckoutQuery = { checkout: { id: string, status: CheckoutStatus, progress: CheckoutProgress, creditsGranted: number, expiresAt: string } | null };

export type SubscriptionQueryVariables = Exact<{ [key: string]: never; }>;


export type SubscriptionQuery = { subscription: { id: string, status: SubscriptionStatus, interval: BillingInterval, currentPeriodStart: string, currentPeriodEnd: string, cancelAtPeriodEnd: boolean, nextInterval: BillingInterval | null, plan: { code: string, name: string }, nextPlan: { code: string, name: string } | null } | null };

export type PreviewPlanChangeQueryVariables = Exact<{
  planCode: string;
  interval?: BillingInterval;
}>;


export type PreviewPlanChangeQuery = { previewPlanChange:
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NoSubscriptionError', code: ErrorCode, message: string }
    | { __typename: 'NotPurchasableError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'PlanChange', effectiveAt: string, creditsNow: number, amountDueNow: { amount: number, formatted: string } }
    | { __typename: 'UnknownPlanError', code: ErrorCode, message: string }
   };

export type ChangePlanMutationVariables = Exact<{
  input: ChangePlanInput;
}>;


export type ChangePlanMutation = { changePlan:
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NoSubscriptionError', code: ErrorCode, message: string }
    | { __typename: 'NotPurchasableError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'PlanChange', effectiveAt: string, creditsNow: number, amountDueNow: { amount: number, formatted: string }, subscription: { id: string, status: SubscriptionStatus, plan: { code: string }, nextPlan: { code: string } | null } }
    | { __typename: 'UnknownPlanError', code: ErrorCode, message: string }
   };

export type CancelSubscriptionMutationVariables = Exact<{
  input: CancelSubscriptionInput;
}>;


export type CancelSubscriptionMutation = { cancelSubscription:
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NoSubscriptionError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'PlanSubscription', id: string, status: SubscriptionStatus, cancelAtPeriodEnd: boolean, currentPeriodEnd: string }
   };

export type ResumeSubscriptionMutationVariables = Exact<{ [key: string]: never; }>;


export type ResumeSubscriptionMutation = { resumeSubscription:
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string }
    | { __typename: 'NoSubscriptionError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'PlanSubscription', id: string, status: SubscriptionStatus, cancelAtPeriodEnd: boolean, currentPeriodEnd: string }
   };

export type CreatePortalSessionMutationVariables = Exact<{
  returnUrl?: string | null | undefined;
}>;


export type CreatePortalSessionMutation = { createPortalSession:
    | { __typename: 'CheckoutUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'NoCustomerError', code: ErrorCode, message: string }
    | { __typename: 'PaymentProviderError', code: ErrorCode, message: string }
    | { __typename: 'PortalSession', url: string }
    | { __typename: 'RedirectNotAllowedError', code: ErrorCode, message: string }
   };

export type InvoicesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type InvoicesQuery = { invoices: { nodes: Array<{ id: string, number: string | null, status: string, createdAt: string, hostedUrl: string | null, pdfUrl: string | null, total: { amount: number, formatted: string } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type GenerationUpdatedSubscriptionVariables = Exact<{
  id: string | number;
  after?: string | number | null | undefined;
}>;


export type GenerationUpdatedSubscription = { generationUpdated: { id: string, status: GenerationStatus, progress: number | null, creditsHeld: number, creditsCharged: number, text: string | null, assets: Array<{ id: string, url: string, mimeType: string }>, failure: { code: GenerationFailureCode, message: string, retryable: boolean } | null } };

export type WalletUpdatedSubscriptionVariables = Exact<{
  after?: string | number | null | undefined;
}>;


export type WalletUpdatedSubscription = { walletUpdated: { id: string, available: number, held: number, debt: number, isLow: boolean } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const ModelsDocument = new TypedDocumentString(`
    query Models($kind: MediaKind, $search: String) {
  models(kind: $kind, search: $search) {
    id
    name
    label
    kind
    workflow
    credits
    isDefault
    available
  }
}
    `, {"hash":"sha256:d01cb13529d317e6ceb252b0bfbea0b632d82c6aa69bab7f537ac8c30235829d"}) as unknown as TypedDocumentString<ModelsQuery, ModelsQueryVariables>;
export const WalletDocument = new TypedDocumentString(`
    query Wallet {
  wallet {
    id
    available
    held
    debt
    isLow
    rollover
    topUp
    monthly {
      quota
      remaining
      resetsAt
    }
    plan {
      code
      name
    }
  }
}
    `, {"hash":"sha256:58ec9120f0cdb671349ca3c1f46b6d8ad5c7170f5621a0299f9518e645775b47"}) as unknown as TypedDocumentString<WalletQuery, WalletQueryVariables>;
export const CreateUploadDocument = new TypedDocumentString(`
    mutation CreateUpload($kind: MediaKind!) {
  createUpload(input: {kind: $kind}) {
    __typename
    ... on Upload {
      putUrl
      url
      maxBytes
      expiresAt
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:dd79ca15e9008f6dc1487fb14c7310df77bf4b55783d789a029fbd78cd7d6431"}) as unknown as TypedDocumentString<CreateUploadMutation, CreateUploadMutationVariables>;
export const GenerateDocument = new TypedDocumentString(`
    mutation Generate($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      status
      creditsHeld
      creditsCharged
      replayed
    }
    ... on Error {
      code
      message
    }
    ... on InsufficientCreditsError {
      required
      available
      shortfall
      topUpUrl
      suggestedPack {
        code
        name
      }
    }
  }
}
    `, {"hash":"sha256:cc305f06f53e78c29cafc2cab339d9a7233dc853d766a5be1bac92aa1415edaa"}) as unknown as TypedDocumentString<GenerateMutation, GenerateMutationVariables>;
export const GenerationDocument = new TypedDocumentString(`
    query Generation($id: ID!) {
  generation(id: $id) {
    id
    status
    progress
    creditsHeld
    creditsCharged
    text
    assets {
      id
      url
      mimeType
    }
    failure {
      code
      message
      retryable
    }
  }
}
    `, {"hash":"sha256:a35bf4883a8e0cf2b2cf178a8c4ca04c16f91a4cae84d39e38c393a117b63e9b"}) as unknown as TypedDocumentString<GenerationQuery, GenerationQueryVariables>;
export const CreateCheckoutDocument = new TypedDocumentString(`
    mutation CreateCheckout($input: CreateCheckoutInput!) {
  createCheckout(input: $input) {
    __typename
    ... on Checkout {
      id
      url
      status
      credits
      price {
        formatted
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:770e11650ca22900c16e2af84ae6b937f75aa178c7b4fa97d441e444b6b1adb5"}) as unknown as TypedDocumentString<CreateCheckoutMutation, CreateCheckoutMutationVariables>;
export const CheckoutDocument = new TypedDocumentString(`
    query Checkout($id: ID!) {
  checkout(id: $id) {
    id
    status
    progress
    creditsGranted
    expiresAt
  }
}
    `, {"hash":"sha256:6f67c51cf18ffe39a85f18e0ec4295089a03da4ffde4f55a91f065ac9e988868"}) as unknown as TypedDocumentString<CheckoutQuery, CheckoutQueryVariables>;
export const SubscriptionDocument = new TypedDocumentString(`
    query Subscription {
  subscription {
    id
    status
    interval
    currentPeriodStart
    currentPeriodEnd
    cancelAtPeriodEnd
    plan {
      code
      name
    }
    nextPlan {
      code
      name
    }
    nextInterval
  }
}
    `, {"hash":"sha256:f36465267facbfd19f87b9626a867aa0f84c71823413279403ad84c9c6d4d703"}) as unknown as TypedDocumentString<SubscriptionQuery, SubscriptionQueryVariables>;
export const PreviewPlanChangeDocument = new TypedDocumentString(`
    query PreviewPlanChange($planCode: String!, $interval: BillingInterval! = MONTH) {
  previewPlanChange(planCode: $planCode, interval: $interval) {
    __typename
    ... on PlanChange {
      effectiveAt
      creditsNow
      amountDueNow {
        amount
        formatted
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:e0ca41fbe8db8770118531c12424aeff6f3c92eba3aa4fb62a2dcb7cbe19adb0"}) as unknown as TypedDocumentString<PreviewPlanChangeQuery, PreviewPlanChangeQueryVariables>;
export const ChangePlanDocument = new TypedDocumentString(`
    mutation ChangePlan($input: ChangePlanInput!) {
  changePlan(input: $input) {
    __typename
    ... on PlanChange {
      effectiveAt
      creditsNow
      amountDueNow {
        amount
        formatted
      }
      subscription {
        id
        status
        plan {
          code
        }
        nextPlan {
          code
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:27178c98a675a049dddcf04125333ab1abc30de9d3f8fc4618f9afdcc63a4e68"}) as unknown as TypedDocumentString<ChangePlanMutation, ChangePlanMutationVariables>;
export const CancelSubscriptionDocument = new TypedDocumentString(`
    mutation CancelSubscription($input: CancelSubscriptionInput!) {
  cancelSubscription(input: $input) {
    __typename
    ... on PlanSubscription {
      id
      status
      cancelAtPeriodEnd
      currentPeriodEnd
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:5a4b4c0fd044fd9bb73fd752e7714c4a36ae54555fe0090aabcac96568ae04bc"}) as unknown as TypedDocumentString<CancelSubscriptionMutation, CancelSubscriptionMutationVariables>;
export const ResumeSubscriptionDocument = new TypedDocumentString(`
    mutation ResumeSubscription {
  resumeSubscription {
    __typename
    ... on PlanSubscription {
      id
      status
      cancelAtPeriodEnd
      currentPeriodEnd
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:59d466e1bb44413f9c0fa3796d6e90aff4c91fd83b3a356fa9c5c314d20802ad"}) as unknown as TypedDocumentString<ResumeSubscriptionMutation, ResumeSubscriptionMutationVariables>;
export const CreatePortalSessionDocument = new TypedDocumentString(`
    mutation CreatePortalSession($returnUrl: URL) {
  createPortalSession(returnUrl: $returnUrl) {
    __typename
    ... on PortalSession {
      url
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:c6591faec0500e395496700a07ae885fbeb7225eabe149a77e7383f49dd1951c"}) as unknown as TypedDocumentString<CreatePortalSessionMutation, CreatePortalSessionMutationVariables>;
export const InvoicesDocument = new TypedDocumentString(`
    query Invoices($first: Int, $after: String) {
  invoices(first: $first, after: $after) {
    nodes {
      id
      number
      status
      total {
        amount
        formatted
      }
      createdAt
      hostedUrl
      pdfUrl
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `, {"hash":"sha256:ae098ea7a58e662588109e537c84b4e3425b51f6eb0b26373638c52c990c5fcf"}) as unknown as TypedDocumentString<InvoicesQuery, InvoicesQueryVariables>;
export const GenerationUpdatedDocument = new TypedDocumentString(`
    subscription GenerationUpdated($id: ID!, $after: ID) {
  generationUpdated(id: $id, after: $after) {
    id
    status
    progress
    creditsHeld
    creditsCharged
    text
    assets {
      id
      url
      mimeType
    }
    failure {
      code
      message
      retryable
    }
  }
}
    `, {"hash":"sha256:2203666e9fe752f757c5b93081f3023c905ed98a143117f306219ae41f82b233"}) as unknown as TypedDocumentString<GenerationUpdatedSubscription, GenerationUpdatedSubscriptionVariables>;
export const WalletUpdatedDocument = new TypedDocumentString(`
    subscription WalletUpdated($after: ID) {
  walletUpdated(after: $after) {
    id
    available
    held
    debt
    isLow
  }
}
    `, {"hash":"sha256:51475fb52a92a359eee0373a79ac929ea44a6f78dd4c4a31df86be75cf5c7726"}) as unknown as TypedDocumentString<WalletUpdatedSubscription, WalletUpdatedSubscriptionVariables>;