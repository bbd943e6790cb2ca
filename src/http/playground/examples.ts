/** The keys that the examples may show; null where there is none to show. */
export interface ExampleKeys {
  readonly demoKey: string | null;
  readonly adminKey: string | null;
}

/** A tab as GraphiQL takes it: what its three editors hold. */
export interface ExampleTab {
  readonly query: string;
  /** JSON. A value `"today"`, `"today-7"` or `"today+1"` is a day that the page turns into an instant. */
  readonly variables: string | null;
  /** JSON. */
  readonly headers: string | null;
}

interface Example {
  readonly query: string;
  readonly variables?: object;
  /** Whose key it needs; absent: the demo account's. */
  readonly needs?: 'admin';
}

/** The headers of a tab that calls with this key; null without one. */
export const headersWith = (key: string | null): string | null =>
  key === null ? null : toJson({ authorization: `Bearer ${key}` });

/** The examples that these keys can run. A tab is named after its first operation. */
export function exampleTabs({ demoKey, adminKey }: ExampleKeys): ExampleTab[] {
  return examples
    .filter(({ needs }) => needs !== 'admin' || adminKey !== null)
    .map(({ query, variables, needs }) => ({
      query: query.trim(),
      variables: variables === undefined ? null : toJson(variables),
      headers: headersWith(needs === 'admin' ? adminKey : demoKey),
    }));
}

const toJson = (value: object): string => JSON.stringify(value, null, 2);

const examples: readonly Example[] = [
  {
    query: `
# Every tab is an example that works as it stands:
# press the play button or Ctrl-Enter. Your
# changes stay in this browser. To get the
# examples back, choose "Clear storage" in the
# settings, below on the left, and reload the
# page.

# What can be made, and what a call costs. Needs
# no key.
query Models($kind: MediaKind, $search: String) {
  models(kind: $kind, search: $search) {
    id
    label
    credits
    speed
    badge
    isDefault
    available
    accepts
  }
}
`,
    variables: { kind: 'IMAGE', search: 'flux' },
  },
  {
    query: `
# What is sold. Needs no key.
query PlansAndPacks {
  billing {
    mode
    checkoutAvailable
  }
  plans {
    code
    name
    description
    monthlyPrice {
      formatted
    }
    yearlyPrice {
      formatted
    }
    monthlyQuota
    rolloverCap
    welcomeCredits
    recommended
    isCurrent
    purchasable
  }
  creditPacks {
    code
    name
    credits
    price {
      amount
      currency
      formatted
    }
    pricePerCredit
    bestValue
    purchasable
  }
}
`,
  },
  {
    query: `
# The price before the click, locked for ten
# minutes. Give the id to generate as quoteId.
query Quote($input: QuoteInput!) {
  quote(input: $input) {
    __typename
    ... on Quote {
      id
      model {
        id
        label
      }
      count
      credits
      affordable
      expiresAt
    }
    ... on UnknownModelError {
      suggestions {
        id
        label
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { kind: 'VIDEO', count: 3 } },
  },
  {
    query: `
# What there is to spend, what came in, and what
# happened last, with the grants that paid for it.
query Wallet {
  account {
    id
    name
  }
  wallet {
    available
    held
    debt
    isLow
    monthly {
      quota
      remaining
      resetsAt
    }
    rollover
    topUp
    plan {
      name
    }
    grants(first: 10) {
      nodes {
        id
        source
        category
        state
        amount
        remaining
        held
        consumed
        expiresAt
      }
    }
    transactions(first: 10) {
      nodes {
        sequence
        type
        credits
        amount
        availableAfter
        description
        createdAt
        generation {
          id
        }
        fundings {
          amount
          grant {
            id
            source
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`,
  },
  {
    query: `
# Holds the price at once and charges it when the
# result is there, two seconds later: see the tab
# Generations.
mutation Generate($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      status
      model {
        label
      }
      creditsHeld
      fundings {
        amount
        grant {
          source
        }
      }
    }
    ... on InsufficientCreditsError {
      required
      available
      shortfall
      topUpUrl
      suggestedPack {
        code
        price {
          formatted
        }
      }
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on UnknownModelError {
      suggestions {
        id
        label
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { kind: 'IMAGE', prompt: 'A lighthouse at dawn, watercolour' } },
  },
  {
    query: `
# What was made: the newest, and one by its id.
# Copy an id from the answer into the variables
# below. Point at a URL in the answer to open it.
query Generations($id: ID!) {
  generations(first: 5) {
    nodes {
      id
      status
      prompt
      model {
        name
      }
      creditsCharged
      assets {
        url
        mimeType
      }
    }
    totalCount
  }
  generation(id: $id) {
    id
    operation
    status
    progress
    params
    creditsHeld
    creditsCharged
    creditsRefunded
    text
    output
    assets {
      url
      mimeType
      bytes
      width
      height
      durationSeconds
    }
    failure {
      code
      message
      retryable
    }
    createdAt
    startedAt
    completedAt
  }
}
`,
    variables: { id: 'gen_paste_an_id_here' },
  },
  {
    query: `
# Watches the wallet: run this, go to another tab,
# generate something, and come back. The same
# button ends it.
subscription LiveWallet {
  walletUpdated {
    available
    held
    debt
    isLow
  }
}
`,
  },
  {
    query: `
# Watches a generation until it has ended. The play
# button asks which to run: Slow takes 30 seconds;
# put its id into the variables below, and run
# LiveGeneration.
subscription LiveGeneration($id: ID!) {
  generationUpdated(id: $id) {
    id
    status
    progress
    creditsHeld
    creditsCharged
    text
    assets {
      url
      mimeType
    }
    failure {
      code
      message
    }
  }
}

mutation Slow {
  generate(input: { kind: IMAGE, prompt: "A slow tide", params: { sandbox: "slow" } }) {
    __typename
    ... on Generation {
      id
      status
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { id: 'gen_paste_an_id_here' },
  },
  {
    query: `
# Several calls in one transaction. With ALL they
# are made together or not at all; with dryRun it
# is only said what would come of it.
mutation GenerateMany($inputs: [GenerateInput!]!, $mode: BatchMode!, $dryRun: Boolean!) {
  generateMany(inputs: $inputs, mode: $mode, dryRun: $dryRun) {
    credits
    dryRun
    results {
      __typename
      ... on Generation {
        id
        status
        creditsHeld
      }
      ... on InsufficientCreditsError {
        required
        available
        shortfall
      }
      ... on Error {
        code
        message
      }
    }
  }
}
`,
    variables: {
      inputs: [
        { kind: 'IMAGE', prompt: 'A lighthouse at dawn' },
        { kind: 'IMAGE', prompt: 'A lighthouse at noon' },
        { kind: 'TEXT', prompt: 'Name the lighthouse.' },
      ],
      mode: 'ALL',
      dryRun: true,
    },
  },
  {
    query: `
# However often it is sent under the same key, a
# call is made and charged once. Run this twice:
# the second answer is the same generation with
# replayed: true.
mutation RetrySafely($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      status
      replayed
      creditsHeld
      creditsCharged
      text
    }
    ... on IdempotencyConflictError {
      idempotencyKey
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: {
      input: {
        modelId: 'gmi/gemini-3.1-flash-lite',
        prompt: 'Name three lighthouses.',
        idempotencyKey: 'playground-1',
      },
    },
  },
  {
    query: `
# Sora 2 Pro costs 50 credits. With fewer it is
# refused, nothing is held, and the answer says
# which pack would do: buy that one in the tab
# Checkout.
mutation GenerateTooMuch($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      status
      creditsHeld
    }
    ... on InsufficientCreditsError {
      required
      available
      held
      debt
      shortfall
      topUpUrl
      upgradeUrl
      suggestedPack {
        code
        name
        credits
        price {
          formatted
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'Waves against a lighthouse' } },
  },
  {
    query: `
# Buys 100 credits. Point at the url in the answer
# to open the checkout page, pay there, and look
# into the tab Wallet.
mutation Checkout($input: CreateCheckoutInput!) {
  createCheckout(input: $input) {
    __typename
    ... on Checkout {
      id
      url
      status
      price {
        formatted
      }
      credits
      creditsGranted
      expiresAt
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { mode: 'PACK', packCode: 'pack_100' } },
  },
  {
    query: `
# A plan from its first day to its last. The play
# button asks which to run: Subscribe first, pay at
# the url in its answer, and look at Plan again.
# Then preview and make a change, end the plan with
# its period, and go on with it after all.
query Plan {
  subscription {
    id
    status
    interval
    plan {
      code
      name
    }
    currentPeriodStart
    currentPeriodEnd
    cancelAtPeriodEnd
    nextPlan {
      code
    }
  }
  wallet {
    available
    monthly {
      quota
      remaining
      resetsAt
    }
    rollover
  }
}

mutation Subscribe {
  createCheckout(input: { mode: SUBSCRIPTION, planCode: "pro" }) {
    __typename
    ... on Checkout {
      id
      url
      progress
      price {
        formatted
      }
      credits
    }
    ... on Error {
      code
      message
    }
  }
}

# What the change below would do; it changes
# nothing.
query PreviewChange($planCode: String!, $interval: BillingInterval!) {
  previewPlanChange(planCode: $planCode, interval: $interval) {
    __typename
    ... on PlanChange {
      effectiveAt
      creditsNow
      amountDueNow {
        formatted
      }
    }
    ... on Error {
      code
      message
    }
  }
}

mutation ChangePlan($planCode: String!, $interval: BillingInterval!) {
  changePlan(input: { planCode: $planCode, interval: $interval }) {
    __typename
    ... on PlanChange {
      effectiveAt
      creditsNow
      amountDueNow {
        formatted
      }
      subscription {
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

mutation CancelPlan {
  cancelSubscription(input: { atPeriodEnd: true }) {
    __typename
    ... on PlanSubscription {
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

mutation ResumePlan {
  resumeSubscription {
    __typename
    ... on PlanSubscription {
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
`,
    variables: { planCode: 'business', interval: 'MONTH' },
  },
  {
    query: `
# What was invoiced for a plan, the newest first.
# The play button asks which to run: Portal opens
# the page on which cards are changed.
query Invoices {
  invoices(first: 10) {
    nodes {
      id
      number
      status
      total {
        formatted
      }
      createdAt
      hostedUrl
      pdfUrl
    }
    totalCount
  }
}

mutation Portal {
  createPortalSession {
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
`,
  },
  {
    query: `
# Buys a pack by itself when little is left. The
# play button asks which to run; the card is that
# of your plan, so subscribe first (tab Plan).
query AutoTopUp {
  autoTopUp {
    enabled
    threshold
    pack {
      code
      credits
    }
    monthlyLimit
    suspended
    suspendedReason
  }
}

mutation SetAutoTopUp($input: SetAutoTopUpInput!) {
  setAutoTopUp(input: $input) {
    __typename
    ... on AutoTopUp {
      enabled
      threshold
      monthlyLimit
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { enabled: true, threshold: 50, packCode: 'pack_100', monthlyLimit: 3 } },
  },
  {
    query: `
# Why the balance is what it is: the lines add up
# to it. And what was spent in the last days, and
# on what.
query ExplainAndUsage($from: DateTime!, $to: DateTime!) {
  wallet {
    explain {
      available
      lines {
        label
        amount
        transactions
      }
      asOf
    }
    byModel: usage(from: $from, to: $to, groupBy: MODEL) {
      label
      credits
      generations
    }
    byDay: usage(from: $from, to: $to, groupBy: DAY) {
      label
      credits
      generations
    }
  }
}
`,
    variables: { from: 'today-6', to: 'today+1' },
  },
  {
    query: `
# Models that start from a picture, a sound or a film
# take one of yours. Put the file to putUrl:
# curl -T fox.png '<putUrl>'. Then name url in the
# params of a call, or as a shot, for a day.
mutation CreateUpload($kind: MediaKind!) {
  createUpload(input: { kind: $kind }) {
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
`,
    variables: { kind: 'IMAGE' },
  },
  {
    query: `
# One film of all shots, in their order, for 12
# credits.
mutation DirectorsCut($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      operation
      status
      model {
        label
      }
      creditsHeld
    }
    ... on InsufficientCreditsError {
      required
      available
      shortfall
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: {
      input: {
        operation: 'DIRECTORS_CUT',
        assets: [
          { url: 'https://studio.example/shots/1.mp4', kind: 'VIDEO', durationSeconds: 4 },
          { url: 'https://studio.example/shots/2.png', kind: 'IMAGE', durationSeconds: 2.5 },
          { url: 'https://studio.example/music.wav', kind: 'AUDIO', durationSeconds: 6.5 },
        ],
      },
    },
  },
  {
    query: `
# Tries what can go wrong, in the sandbox alone:
# "fail", "block", "slow" (30 seconds) or "hang".
# What fails is not charged: see the tab
# Generations.
mutation SandboxOutcomes($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on Generation {
      id
      status
      params
      creditsHeld
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { input: { kind: 'IMAGE', prompt: 'A storm', params: { sandbox: 'fail' } } },
  },
  {
    query: `
# Stops a generation and gives its credits back.
# The play button asks which of the two to run:
# StartSlow, then, with its id in the variables
# below, Cancel within 30 seconds.
mutation Cancel($id: ID!) {
  cancelGeneration(id: $id) {
    __typename
    ... on Generation {
      id
      status
      creditsHeld
      creditsCharged
    }
    ... on NotCancelableError {
      status
    }
    ... on Error {
      code
      message
    }
  }
}

mutation StartSlow {
  generate(input: { kind: IMAGE, prompt: "A slow dawn", params: { sandbox: "slow" } }) {
    __typename
    ... on Generation {
      id
      status
      creditsHeld
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: { id: 'gen_paste_an_id_here' },
  },
  {
    needs: 'admin',
    query: `
# What an operator does, with the administrator's
# key in the headers below. The play button asks
# which to run. The variables below name the demo
# account; the other ids are in the answer of
# AdminAccount.
query AdminAccount($accountId: ID!) {
  accountById(id: $accountId) {
    account {
      id
      name
      createdAt
    }
    wallet {
      available
      held
      grants(first: 5) {
        nodes {
          id
          source
          remaining
          reason
        }
      }
    }
    generations(first: 5) {
      nodes {
        id
        status
        creditsCharged
        creditsRefunded
      }
    }
  }
}

mutation CreateAccount {
  createAccount(input: { name: "A partner" }) {
    __typename
    ... on CreatedAccount {
      account {
        id
        name
      }
      apiKey
    }
    ... on Error {
      code
      message
    }
  }
}

mutation GrantCredits($accountId: ID!) {
  grantCredits(
    input: { accountId: $accountId, credits: 25, reason: "Thanks for your patience", idempotencyKey: "playground-grant-1" }
  ) {
    __typename
    ... on Grant {
      id
      source
      amount
      remaining
    }
    ... on Error {
      code
      message
    }
  }
}

mutation VoidGrant($grantId: ID!) {
  voidGrant(input: { id: $grantId, reason: "Given by mistake" }) {
    __typename
    ... on Grant {
      id
      state
      remaining
      revoked
    }
    ... on Error {
      code
      message
    }
  }
}

mutation RefundGeneration($generationId: ID!) {
  refundGeneration(
    input: { id: $generationId, credits: 1, reason: "The picture was blurred", idempotencyKey: "playground-refund-1" }
  ) {
    __typename
    ... on Generation {
      id
      creditsCharged
      creditsRefunded
    }
    ... on Error {
      code
      message
    }
  }
}

# Sets the price that it has already: change it
# and see.
mutation UpdateModel {
  updateModel(input: { id: "fal-ai/flux/schnell", credits: 3, enabled: true }) {
    __typename
    ... on Model {
      id
      label
      available
    }
    ... on Error {
      code
      message
    }
  }
}

# Writes a wallet anew from its journal; when all
# agrees, as it should, it corrects nothing.
mutation RebuildWallet($accountId: ID!) {
  rebuildWallet(accountId: $accountId) {
    __typename
    ... on WalletRebuild {
      corrected
      verification {
        ok
        transfers
      }
    }
    ... on Error {
      code
      message
    }
  }
}

# What Stripe told, the last first. One that could
# not be applied says why.
query StripeEvents {
  stripeEvents(first: 10) {
    nodes {
      id
      type
      state
      attempts
      lastError
      receivedAt
      appliedAt
    }
    totalCount
  }
}

# Has an event applied once more. What it told of
# is there already, so nothing comes of it.
mutation ReplayStripeEvent($eventId: ID!) {
  replayStripeEvent(id: $eventId) {
    id
    type
    state
    attempts
  }
}

# What setting Stripe up would do; with
# "apply: true" it is done.
mutation SetUpStripe {
  setUpStripe {
    __typename
    ... on StripeSetUp {
      applied
      steps {
        lookupKey
        description
      }
    }
    ... on Error {
      code
      message
    }
  }
}

# Compares the last three days at Stripe with the
# journal; with "repair: true" it mends, too.
mutation ReconcileStripe {
  reconcileStripe {
    __typename
    ... on StripeReconciliation {
      compared
      differences {
        message
        repaired
      }
      left
    }
    ... on Error {
      code
      message
    }
  }
}

# A day later in a moment, for everybody here. What
# falls due happens at its own time on the way. The
# clock never goes back.
mutation AdvanceClock {
  advanceClock(seconds: 86400) {
    __typename
    ... on ClockSetting {
      now
    }
    ... on Error {
      code
      message
    }
  }
}

mutation SetClock($to: DateTime!) {
  setClock(to: $to) {
    __typename
    ... on ClockSetting {
      now
    }
    ... on Error {
      code
      message
    }
  }
}
`,
    variables: {
      accountId: 'account_00000000000000000000000001',
      to: 'today+30',
      grantId: 'grant_paste_an_id_here',
      generationId: 'gen_paste_an_id_here',
      eventId: 'evt_paste_an_id_here',
    },
  },
];
