import {
  BudgetExceededError,
  BusyError,
  GenerationNotFoundError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidInputError,
  ModelUnavailableError,
  NotCancelableError,
  PriceChangedError,
  UnknownModelError,
} from '../errors.ts';
import type {
  Asset as AssetRow,
  GenerationFailure as Failure,
  ManyAnswer,
  Quote as QuoteRow,
} from '../generation/index.ts';
import { callerOf } from '../resolvers/context.ts';
import * as resolve from '../resolvers/generation.ts';
import { builder } from './builder.ts';
import { CreditPack, MediaKind, Model } from './catalog.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';
import { ErrorInterface } from './error.ts';
import { generationRef } from './generation-ref.ts';
import { NodeInterface } from './node.ts';
import { Funding } from './wallet.ts';

const Operation = builder.enumType('Operation', {
  description: 'What is asked for.',
  values: {
    GENERATE: { description: 'Any model.' },
    SHOT_IMAGE: { description: 'The image of a shot; without a modelId the default image model.' },
    SHOT_VIDEO: { description: 'The video of a shot; without a modelId the default video model.' },
    DIRECTORS_CUT: { description: 'One film of many shots, given in `assets`.' },
  } as const,
});

const GenerationStatus = builder.enumType('GenerationStatus', {
  description: 'Where a generation stands.',
  values: {
    QUEUED: { description: 'Its credits are held; the provider has not taken it yet.' },
    RUNNING: { description: 'The provider works on it.' },
    SUCCEEDED: { description: 'The result is there and was charged.' },
    FAILED: { description: 'There is no result and nothing was charged.' },
    CANCELED: { description: 'It was cancelled and nothing was charged.' },
  } as const,
});

const GenerationFailureCode = builder.enumType('GenerationFailureCode', {
  description: 'Why a generation failed. A failed generation costs nothing.',
  values: {
    PROVIDER_REJECTED: { description: 'The provider refused the request.' },
    PROVIDER_ERROR: { description: 'The provider failed.' },
    PROVIDER_TIMEOUT: { description: 'The provider took too long.' },
    CONTENT_BLOCKED: { description: "The provider's content rules refused the request or its result." },
    HOLD_EXPIRED: { description: 'The hold lapsed and its price was not available any more.' },
    INTERNAL: { description: 'It was interrupted on our side.' },
  } as const,
});

const GenerationFailure = builder.objectRef<Failure>('GenerationFailure').implement({
  description: 'Why a generation failed.',
  fields: (t) => ({
    code: t.expose('code', { type: GenerationFailureCode, description: 'For programs.' }),
    message: t.exposeString('message', { description: 'For people.' }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same request may succeed later.' }),
  }),
});

export const Asset = builder.objectRef<AssetRow>('Asset');
Asset.implement({
  description: 'A file that a generation made.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    url: t.field({
      type: 'URL',
      description: 'Where it is served.',
      resolve: (asset, _args, context) => resolve.assetUrl(context, asset),
    }),
    mimeType: t.exposeString('mimeType', { description: 'Its media type, such as "image/png".' }),
    bytes: t.exposeInt('bytes', { nullable: true, description: 'Its size in bytes.' }),
    width: t.exposeInt('width', { nullable: true, description: 'In pixels; null when it has none.' }),
    height: t.exposeInt('height', { nullable: true, description: 'In pixels; null when it has none.' }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'In seconds; null when it has none.',
    }),
  }),
});

export const Generation = generationRef;
Generation.implement({
  description: 'One call of one model.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    accountId: t.exposeID('accountId', { description: 'Whose it is.' }),
    operation: t.expose('operation', { type: Operation, description: 'What was asked for.' }),
    status: t.expose('status', { type: GenerationStatus, description: 'Where it stands.' }),
    model: t.field({
      type: Model,
      description: 'The model that was called.',
      resolve: (generation, _args, context) => resolve.modelOf(context, generation),
    }),
    prompt: t.exposeString('prompt', { nullable: true, description: 'As it was given.' }),
    params: t.field({ type: 'JSONObject', description: 'As they were given.', resolve: ({ params }) => params }),
    creditsHeld: t.int({
      description: 'Credits held for it now; 0 once it has ended or its hold has lapsed.',
      resolve: (generation, _args, context) => resolve.creditsHeld(context, generation),
    }),
    creditsCharged: t.exposeInt('creditsCharged', {
      description: 'Credits that it was charged; 0 until it has succeeded.',
    }),
    creditsRefunded: t.exposeInt('creditsRefunded', { description: 'Credits of its charge that were given back.' }),
    progress: t.exposeFloat('progress', {
      nullable: true,
      description: 'How far it is, from 0 to 1; null when the provider does not say.',
    }),
    assets: t.field({
      type: [Asset],
      description: 'The files that it made, in order; empty until it has succeeded.',
      resolve: async (generation, _args, context) => [...(await resolve.assets(context, generation))],
    }),
    text: t.exposeString('text', { nullable: true, description: 'What a TEXT model or a transcription said.' }),
    output: t.field({
      type: 'JSONObject',
      nullable: true,
      description: 'What is neither file nor text, such as a voice id.',
      resolve: ({ output }) => output,
    }),
    metadata: t.field({
      type: 'JSONObject',
      nullable: true,
      description: "The caller's own, as it was given.",
      resolve: ({ metadata }) => metadata,
    }),
    failure: t.field({
      type: GenerationFailure,
      nullable: true,
      description: 'Why it failed.',
      resolve: ({ failure }) => failure,
    }),
    fundings: t.field({
      type: [Funding],
      description: 'Which grants pay for it: what is held while it runs, what was charged once it has succeeded.',
      resolve: (generation, _args, context) => resolve.fundings(context, generation),
    }),
    replayed: t.exposeBoolean('replayed', {
      description: 'True when an idempotency key answered with a generation that was there before.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When the provider took it.' }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
  }),
});

export const GenerationConnection = connectionOf('Generation', Generation);

const Quote = builder.objectRef<QuoteRow>('Quote').implement({
  description: 'The price of some calls, locked for ten minutes. Nothing is held.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Give it to `generate` as quoteId.' }),
    model: t.field({ type: Model, description: 'The model that would be called.', resolve: ({ model }) => model }),
    count: t.exposeInt('count', { description: 'How many calls `credits` pays for.' }),
    credits: t.exposeInt('credits', { description: 'The price of all of them, in credits.' }),
    affordable: t.boolean({
      nullable: true,
      description: 'Whether that much is available now; null when signed out.',
      resolve: (quote, _args, context) => resolve.isAffordable(context, quote),
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'From this instant on the price may be another.',
    }),
  }),
});

builder.objectType(InsufficientCreditsError, {
  name: 'InsufficientCreditsError',
  description: 'Too few credits are available. Nothing was held.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    required: t.exposeInt('required', { description: 'What the call costs.' }),
    available: t.exposeInt('available', { description: 'What may be spent now.' }),
    held: t.exposeInt('held', { description: 'What is reserved by generations under way.' }),
    debt: t.exposeInt('debt', { description: 'What is owed after a payment was taken back.' }),
    shortfall: t.exposeInt('shortfall', { description: 'What is missing: required + debt - available.' }),
    topUpUrl: t.exposeString('topUpUrl', { description: 'Where credits are bought, below the address of the studio.' }),
    upgradeUrl: t.exposeString('upgradeUrl', {
      description: 'Where plans are bought, below the address of the studio.',
    }),
    suggestedPack: t.field({
      type: CreditPack,
      nullable: true,
      description: 'The smallest pack that covers the shortfall, else the largest; null when none is sold.',
      resolve: ({ suggestedPack }) => suggestedPack,
    }),
  }),
});

builder.objectType(PriceChangedError, {
  name: 'PriceChangedError',
  description: 'The quote has lapsed and the price has changed since. Nothing was held.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    quoted: t.exposeInt('quoted', { description: 'The price of a call in the quote, in credits.' }),
    current: t.exposeInt('current', { description: 'The price of a call now, in credits.' }),
  }),
});

builder.objectType(BudgetExceededError, {
  name: 'BudgetExceededError',
  description: 'The budget of the key is used up. Nothing was held.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'The budget, in credits.' }),
    used: t.exposeInt('used', { description: 'What is used of it, in credits.' }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it starts anew; null never.',
    }),
  }),
});

builder.objectType(GenerationNotFoundError, {
  name: 'GenerationNotFoundError',
  description: 'The caller has no generation with the id.',
  interfaces: [ErrorInterface],
});

builder.objectType(NotCancelableError, {
  name: 'NotCancelableError',
  description: 'The generation has already ended.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    status: t.expose('status', { type: GenerationStatus, description: 'How it ended.' }),
  }),
});

const ShotAssetInput = builder.inputType('ShotAssetInput', {
  description: "A shot of a Director's Cut.",
  fields: (t) => ({
    url: t.field({ type: 'URL', required: true, description: 'Where the file is; http or https.' }),
    kind: t.field({ type: MediaKind, required: true, description: 'IMAGE, VIDEO or AUDIO.' }),
    durationSeconds: t.float({ description: 'How long it is shown, more than 0 and at most 3600 seconds; absent: 5.' }),
  }),
});

const GenerateInput = builder.inputType('GenerateInput', {
  description: 'One call of one model.',
  fields: (t) => ({
    operation: t.field({
      type: Operation,
      required: true,
      defaultValue: 'GENERATE',
      description: 'What is asked for.',
    }),
    modelId: t.id({ description: 'The model; absent: the default of `kind`, or of the operation.' }),
    kind: t.field({
      type: MediaKind,
      description: 'What to make; needed when neither modelId nor the operation says it.',
    }),
    prompt: t.string({
      description: "Fills the model's prompt or text, whichever it takes; at most 20,000 characters.",
    }),
    params: t.field({
      type: 'JSONObject',
      description:
        'The model\'s own inputs, checked against what it accepts; at most 64 KiB. In the sandbox, `sandbox`: "slow", "fail", "block" or "hang" tries an outcome.',
    }),
    assets: t.field({ type: [ShotAssetInput], description: 'The shots of a DIRECTORS_CUT, in order; at most 200.' }),
    quoteId: t.id({ description: 'A quote for this call: its price is charged.' }),
    metadata: t.field({
      type: 'JSONObject',
      description: "The caller's own, at most 4 KiB; comes back on the generation.",
    }),
    idempotencyKey: t.string({
      description:
        'Or the Idempotency-Key header; 1 to 255 characters. The same key with the same input has one effect and the same answer, for ever.',
    }),
  }),
});

const GenerateResult = builder.errorUnion('GenerateResult', {
  description: 'The queued generation, or why nothing was held.',
  types: [
    Generation,
    InsufficientCreditsError,
    UnknownModelError,
    ModelUnavailableError,
    InvalidInputError,
    IdempotencyConflictError,
    PriceChangedError,
    BudgetExceededError,
    BusyError,
  ],
  resolveType: () => 'Generation',
});

const BatchMode = builder.enumType('BatchMode', {
  description: 'What becomes of several calls when one of them is refused.',
  values: {
    ALL: { description: 'None is made.' },
    EACH: { description: 'The others are made.' },
  } as const,
});

const GenerateManyPayload = builder.objectRef<ManyAnswer>('GenerateManyPayload').implement({
  description: 'What came of several calls.',
  fields: (t) => ({
    results: t.field({
      type: [GenerateResult],
      description:
        'One for each input, in their order, as it would be alone. With ALL, where one is refused, the others are too: with INSUFFICIENT_CREDITS for all of them together, else with INVALID_INPUT that names the inputs.',
      // The payload counts once for each input.
      complexity: { field: 1, multiplier: 1 },
      // The expected errors of a call are those of the union; each is checked against it.
      resolve: ({ results }) => [...results] as never[],
    }),
    credits: t.exposeInt('credits', {
      description: 'What was held for all of them, or would be; what a key answered was held before.',
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'Whether nothing was made.' }),
  }),
});

const QuoteInput = builder.inputType('QuoteInput', {
  description: 'What to price.',
  fields: (t) => ({
    operation: t.field({
      type: Operation,
      required: true,
      defaultValue: 'GENERATE',
      description: 'What would be asked for.',
    }),
    modelId: t.id({ description: 'The model; absent: the default of `kind`, or of the operation.' }),
    kind: t.field({
      type: MediaKind,
      description: 'What to make; needed when neither modelId nor the operation says it.',
    }),
    count: t.int({ required: true, defaultValue: 1, description: 'How many calls, from 1 to 1000.' }),
  }),
});

const RefundGenerationInput = builder.inputType('RefundGenerationInput', {
  description: 'What to give back of a charge.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The generation.' }),
    credits: t.int({ description: 'How many credits, at least 1; absent: all that is left of the charge.' }),
    reason: t.string({ required: true, description: 'Why, for people; 1 to 1000 characters.' }),
    idempotencyKey: t.string({ required: true, description: '1 to 255 characters.' }),
  }),
});

builder.queryFields((t) => ({
  quote: t.field({
    type: Quote,
    description: 'The price of some calls, locked for ten minutes. Public; signed in, it is for the caller alone.',
    args: { input: t.arg({ type: QuoteInput, required: true, description: 'What to price.' }) },
    errors: {
      types: [UnknownModelError, ModelUnavailableError, InvalidInputError],
      union: { name: 'QuoteResult', description: 'A quote, or why there is none.' },
    },
    resolve: (_root, { input }, context) => resolve.quote(context, input),
  }),
  generation: t.field({
    type: Generation,
    nullable: true,
    description: "A generation of the caller's; null when there is none with the id.",
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { id }, context) => resolve.generation(context, id),
  }),
  generations: t.field({
    type: GenerationConnection,
    nullable: true,
    description: "The caller's generations, newest first.",
    authScopes: { signedIn: true },
    complexity: pageComplexity,
    args: {
      ...pageArguments(t.arg),
      status: t.arg({ type: [GenerationStatus], description: 'Only what stands at one of these.' }),
      kind: t.arg({ type: MediaKind, description: 'Only what makes this.' }),
    },
    resolve: (_root, args, context) => resolve.generations(context, callerOf(context).accountId, args),
  }),
  holdsAtRisk: t.field({
    type: GenerationConnection,
    nullable: true,
    description:
      'Generations under way, of all accounts, whose hold has lapsed or lapses within five minutes: nobody has extended it. For administrators.',
    authScopes: { admin: true },
    complexity: pageComplexity,
    args: { ...pageArguments(t.arg) },
    resolve: (_root, args, context) => resolve.holdsAtRisk(context, args),
  }),
  orphanedGenerations: t.field({
    type: GenerationConnection,
    nullable: true,
    description:
      'Generations, of all accounts, that ended while their request was being sent: nothing was charged, but the provider may have run it. For administrators.',
    authScopes: { admin: true },
    complexity: pageComplexity,
    args: { ...pageArguments(t.arg) },
    resolve: (_root, args, context) => resolve.orphanedGenerations(context, args),
  }),
}));

builder.mutationFields((t) => ({
  generate: t.field({
    type: GenerateResult,
    description:
      'Holds the price of a call and queues it. The credits are charged when the result is there, and given back when it is not.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: GenerateInput, required: true, description: 'The call.' }) },
    resolve: (_root, { input }, context) => resolve.generate(context, input),
  }),
  generateMany: t.field({
    type: GenerateManyPayload,
    description:
      'Several calls in one transaction, in their order. Their keys are those of `generate`; the Idempotency-Key header is refused.',
    authScopes: { signedIn: true },
    args: {
      inputs: t.arg({ type: [GenerateInput], required: true, description: 'The calls, from 1 to 100.' }),
      mode: t.arg({
        type: BatchMode,
        required: true,
        defaultValue: 'EACH',
        description: 'What becomes of the others when one is refused.',
      }),
      dryRun: t.arg.boolean({
        required: true,
        defaultValue: false,
        description:
          'Whether only to say what would come of it: nothing is held, and the generations of the answer are nowhere else.',
      }),
    },
    complexity: ({ inputs }) => ({ field: 1, multiplier: Math.max(1, inputs.length) }),
    resolve: (_root, args, context) => resolve.generateMany(context, args),
  }),
  cancelGeneration: t.field({
    type: Generation,
    description:
      'Stops a generation and gives its credits back at once. One that was cancelled before is answered again.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The generation.' }) },
    errors: {
      types: [GenerationNotFoundError, NotCancelableError, BusyError],
      union: { name: 'CancelGenerationResult', description: 'The cancelled generation, or why it was not cancelled.' },
    },
    resolve: (_root, { id }, context) => resolve.cancelGeneration(context, id),
  }),
  refundGeneration: t.field({
    type: Generation,
    description: 'Gives back what a generation was charged, all or part, to the grants that paid. For administrators.',
    authScopes: { admin: true },
    args: { input: t.arg({ type: RefundGenerationInput, required: true, description: 'What to give back.' }) },
    errors: {
      types: [GenerationNotFoundError, InvalidInputError, IdempotencyConflictError, BusyError],
      union: {
        name: 'RefundGenerationResult',
        description: 'The generation as it is now, or why nothing was refunded.',
      },
    },
    resolve: (_root, { input }, context) => resolve.refundGeneration(context, input),
  }),
}));
