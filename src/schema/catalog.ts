import type { Model as CatalogModel, Plan as CatalogPlan, CreditPack as Pack } from '../catalog/index.ts';
import { InvalidInputError, ModelUnavailableError, UnknownModelError } from '../errors.ts';
import * as resolve from '../resolvers/catalog.ts';
import { builder } from './builder.ts';
import { ErrorInterface } from './error.ts';
import { Money } from './money.ts';
import { NodeInterface } from './node.ts';

export const MediaKind = builder.enumType('MediaKind', {
  description: 'What a model makes.',
  values: {
    IMAGE: { description: 'Pictures.' },
    VIDEO: { description: 'Moving pictures.' },
    AUDIO: { description: 'Speech, music and sound.' },
    TEXT: { description: 'Text.' },
  } as const,
});

const Provider = builder.enumType('Provider', {
  description: 'Who runs a model.',
  values: {
    FAL: { description: 'fal.' },
    GMI: { description: 'GMI Cloud.' },
    GROQ: { description: 'Groq.' },
  } as const,
});

export const Model = builder.objectRef<CatalogModel>('Model');
Model.implement({
  description: 'A model of the studio, with the fixed price of a call.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id that `generate` takes, such as "fal-ai/flux/schnell".' }),
    name: t.exposeString('name', { description: 'The name for people, such as "FLUX Schnell".' }),
    label: t.exposeString('label', { description: 'The name with the price: "FLUX Schnell (3 credits)".' }),
    kind: t.expose('kind', { type: MediaKind, description: 'What it makes.' }),
    category: t.exposeString('category', { description: 'Its group in the studio, such as "image-generation".' }),
    workflow: t.exposeString('workflow', { description: 'What goes in and comes out, such as "text-to-image".' }),
    provider: t.expose('provider', { type: Provider, description: 'Who runs it.' }),
    credits: t.exposeInt('credits', {
      description: 'The price of a call in credits, at least 1; the same for every call.',
    }),
    speed: t.exposeString('speed', {
      nullable: true,
      description: 'About how long a call takes, such as "~3s"; null when unknown.',
    }),
    speedSeconds: t.exposeInt('speedSeconds', {
      nullable: true,
      description: 'About how long a call takes, in seconds; null when unknown.',
    }),
    badge: t.exposeString('badge', { nullable: true, description: 'A word to set it apart, such as "Fast".' }),
    isDefault: t.exposeBoolean('isDefault', { description: 'Whether it runs when only its kind is asked for.' }),
    available: t.exposeBoolean('available', { description: 'Whether it can be run at the moment.' }),
    unavailableReason: t.exposeString('unavailableReason', {
      nullable: true,
      description: 'Why it cannot be run at the moment, in a sentence; null when it can.',
    }),
    accepts: t.stringList({
      description: 'The names of the inputs that it takes in `params`.',
      resolve: ({ accepts }) => [...accepts],
    }),
    inputDefaults: t.field({
      type: 'JSONObject',
      description: 'What its inputs are when `params` does not name them.',
      resolve: ({ inputDefaults }) => inputDefaults,
    }),
  }),
});

export const Plan = builder.objectRef<CatalogPlan>('Plan');
Plan.implement({
  description: 'A plan: credits every month for a fixed price.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('code', { description: 'The same as `code`.' }),
    code: t.exposeString('code', { description: 'The code that `createCheckout` takes, such as "pro".' }),
    name: t.exposeString('name', { description: 'The name for people.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is, in a sentence.' }),
    monthlyPrice: t.field({
      type: Money,
      nullable: true,
      description: 'The price of a month; null when it is sold by the sales team.',
      resolve: ({ monthlyPriceCents }, _args, context) => resolve.money(context, monthlyPriceCents),
    }),
    yearlyPrice: t.field({
      type: Money,
      nullable: true,
      description: 'The price of a year; null when it is not sold by the year.',
      resolve: ({ yearlyPriceCents }, _args, context) => resolve.money(context, yearlyPriceCents),
    }),
    monthlyQuota: t.exposeInt('monthlyQuota', {
      nullable: true,
      description: 'The credits of a month; null when they are agreed on one by one.',
    }),
    rolloverCap: t.exposeInt('rolloverCap', {
      nullable: true,
      description: 'The most credits that go over into the next month; null when that is agreed on one by one.',
    }),
    welcomeCredits: t.exposeInt('welcomeCredits', { description: 'The credits that a new account on it gets, once.' }),
    recommended: t.exposeBoolean('recommended', { description: 'Whether it is the one to show first.' }),
    contactSales: t.exposeBoolean('contactSales', { description: 'Whether it is sold by the sales team.' }),
    isCurrent: t.boolean({
      description: "Whether it is the caller's plan; false when signed out.",
      resolve: (plan, _args, context) => resolve.isCurrentPlan(context, plan),
    }),
    purchasable: t.boolean({
      description: 'Whether `createCheckout` sells it here.',
      resolve: (plan, _args, context) => resolve.isPlanPurchasable(context, plan),
    }),
  }),
});

export const CreditPack = builder.objectRef<Pack>('CreditPack');
CreditPack.implement({
  description: 'Credits to buy once. They do not expire.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('code', { description: 'The same as `code`.' }),
    code: t.exposeString('code', { description: 'The code that `createCheckout` takes, such as "pack_100".' }),
    name: t.exposeString('name', { description: 'The name for people.' }),
    credits: t.exposeInt('credits', { description: 'How many credits it holds.' }),
    price: t.field({
      type: Money,
      description: 'What it costs.',
      resolve: ({ priceCents }, _args, context) => resolve.price(context, priceCents),
    }),
    pricePerCredit: t.string({
      description: 'What one of its credits costs, for people: "$0.10".',
      resolve: (pack, _args, context) => resolve.pricePerCredit(context, pack),
    }),
    pricePerCreditCents: t.float({
      description: 'What one of its credits costs, in hundredths of the currency unit: 10.',
      resolve: ({ priceCents, credits }) => priceCents / credits,
    }),
    bestValue: t.exposeBoolean('bestValue', { description: 'Whether it is the one to recommend.' }),
    purchasable: t.boolean({
      description: 'Whether `createCheckout` sells it here.',
      resolve: (_pack, _args, context) => resolve.isPackPurchasable(context),
    }),
  }),
});

builder.objectType(UnknownModelError, {
  name: 'UnknownModelError',
  description: 'No model has the id. Nothing was held, and no other model runs in its place.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    modelId: t.exposeID('modelId', { description: 'The id that no model has.' }),
    suggestions: t.field({
      type: [Model],
      description: 'Models with a similar id, at most 3, for a person to choose from.',
      resolve: ({ suggestions }) => [...suggestions],
    }),
  }),
});

builder.objectType(ModelUnavailableError, {
  name: 'ModelUnavailableError',
  description: 'The model is disabled or nobody can run it at the moment. Nothing was held.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    model: t.field({ type: Model, description: 'The model that was asked for.', resolve: ({ model }) => model }),
  }),
});

builder.queryFields((t) => ({
  models: t.field({
    type: [Model],
    description: 'The models that fit all the arguments, in the order of the catalog, disabled ones too. Public.',
    // The whole catalog may be asked for with every field; it is answered from memory.
    complexity: { field: 1, multiplier: 20 },
    args: {
      kind: t.arg({ type: MediaKind, description: 'Only what makes this.' }),
      provider: t.arg({ type: Provider, description: 'Only what this provider runs.' }),
      category: t.arg.string({ description: 'Only what is in this group, such as "tts".' }),
      search: t.arg.string({ description: 'Only what has this in its name or id, in any case.' }),
      maxCredits: t.arg.int({ description: 'Only what costs at most this many credits a call.' }),
    },
    resolve: (_root, args, context) => [...resolve.models(context, args)],
  }),
  model: t.field({
    type: Model,
    nullable: true,
    description: 'A model by its id; null when there is none. Public.',
    args: { id: t.arg.id({ required: true, description: 'The whole id.' }) },
    resolve: (_root, { id }, context) => resolve.model(context, id),
  }),
  plans: t.field({
    type: [Plan],
    description: 'The plans, in the order to show them. Public.',
    resolve: (_root, _args, context) => [...resolve.plans(context)],
  }),
  creditPacks: t.field({
    type: [CreditPack],
    description: 'The credit packs, in the order to show them. Public.',
    resolve: (_root, _args, context) => [...resolve.creditPacks(context)],
  }),
}));

const UpdateModelInput = builder.inputType('UpdateModelInput', {
  description: 'What is to change of a model; at least one of the two.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The model.' }),
    credits: t.int({ description: 'The new price of a call in credits, at least 1.' }),
    enabled: t.boolean({ description: 'Whether it can be run.' }),
  }),
});

builder.mutationFields((t) => ({
  updateModel: t.field({
    type: Model,
    description:
      'Sets a new price or enables or disables a model; visible here at once, in other processes within a second. For administrators.',
    authScopes: { admin: true },
    args: { input: t.arg({ type: UpdateModelInput, required: true, description: 'The model and what is to change.' }) },
    errors: {
      types: [UnknownModelError, InvalidInputError],
      union: { name: 'UpdateModelResult', description: 'The model as it is now, or why nothing changed.' },
    },
    resolve: (_root, { input }, context) => resolve.updateModel(context, input),
  }),
}));
