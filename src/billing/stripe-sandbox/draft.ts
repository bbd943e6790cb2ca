import Stripe from 'stripe';
import type { ApiCall, ApiResult, ListPage, SandboxContext } from './context.ts';
import { nowSeconds } from './now.ts';
import { previousAttributes } from './previous-attributes.ts';
import { shown } from './show.ts';
import type { Replacement } from './store.ts';
import type { StripeSandboxError } from './stripe-error.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeEvent, StripeKind, StripeObject, StripeObjects } from './stripe-objects.ts';

/** A change of several objects that is being thought out; nothing of it is written yet. */
export interface Draft {
  readonly context: SandboxContext;
  /** The present second. */
  readonly now: number;
  readonly newId: (prefix: string) => string;
  /** An object as it will be. */
  find<Kind extends StripeKind>(kind: Kind, id: string): Promise<StripeObjects[Kind] | null>;
  /** An object that must be there, since another one names it. */
  get<Kind extends StripeKind>(kind: Kind, id: string): Promise<StripeObjects[Kind]>;
  /** Stored objects as they will be, oldest first; not the new ones. */
  list<Kind extends StripeKind>(kind: Kind, pattern: object): Promise<StripeObjects[Kind][]>;
  insert<Type extends StripeObject>(object: Type): Type;
  /** Gives the object as it will be. `from` is its newest version. */
  change<Type extends StripeObject>(from: Type, changes: Partial<Type>): Type;
  /** Tells of an object as it will be at this point; of a change also what was before. */
  tell(type: string, object: StripeObject, before?: StripeObject): void;
  result(answer: StripeObject | ListPage, refusal?: StripeSandboxError): ApiResult;
  readonly inserted: readonly StripeObject[];
  readonly replaced: readonly Replacement[];
}

/** An empty draft. `cause` is the call that brings the events on; null for what happens by itself. */
export function createDraft(
  context: SandboxContext,
  cause: Pick<ApiCall, 'requestId' | 'idempotencyKey'> | null,
): Draft {
  const { store, clock, ids } = context;
  const entries = new Map<string, { from: StripeObject | null; to: StripeObject }>();
  const newest = <Type extends StripeObject>(object: Type): Type => (entries.get(object.id)?.to ?? object) as Type; // Ids are unique over all kinds, so the kind is the same.

  function newEvent(type: string, data: StripeEvent['data']): StripeEvent {
    return {
      id: createStripeId(ids, 'evt'),
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: nowSeconds(clock),
      data,
      livemode: false,
      pending_webhooks: 1,
      request: { id: cause?.requestId ?? null, idempotency_key: cause?.idempotencyKey ?? null },
      type,
      sandbox: { delivered: !context.webhookEvents.has(type), attempts: [] },
    };
  }

  const draft: Draft = {
    context,
    now: nowSeconds(clock),
    newId: (prefix) => createStripeId(ids, prefix),

    async find(kind, id) {
      const entry = entries.get(id);
      if (entry === undefined) return store.find(kind, id);
      return entry.to.object === kind ? (entry.to as StripeObjects[typeof kind]) : null; // Its kind was compared.
    },

    async get(kind, id) {
      const object = await draft.find(kind, id);
      if (object === null) throw new Error(`The Stripe sandbox has lost the ${kind} ${id}.`);
      return object;
    },

    async list(kind, pattern) {
      const stored = await store.list(kind, {
        matching: [pattern],
        startingAfter: null,
        oldestFirst: true,
        limit: null,
      });
      return stored.map(newest);
    },

    insert(object) {
      entries.set(object.id, { from: null, to: object });
      return object;
    },

    change(from, changes) {
      const entry = entries.get(from.id);
      if (entry !== undefined && entry.to !== from) {
        throw new Error(`The ${from.object} ${from.id} was changed from a version that is not its newest.`);
      }
      const to = { ...from, ...changes };
      entries.set(from.id, { from: entry === undefined ? from : entry.from, to });
      return to;
    },

    tell(type, object, before) {
      const now = shown(clock, object);
      const previous =
        before === undefined ? {} : { previous_attributes: previousAttributes(shown(clock, before), now) };
      draft.insert(newEvent(type, { object: now, ...previous }));
    },

    result: (answer, refusal) => ({
      answer,
      insert: draft.inserted,
      replace: draft.replaced,
      ...(refusal === undefined ? {} : { refusal }),
    }),

    get inserted() {
      return [...entries.values()].flatMap(({ from, to }) => (from === null ? [to] : []));
    },

    get replaced() {
      return [...entries.values()].flatMap(({ from, to }) => (from === null ? [] : [{ from, to }]));
    },
  };
  return draft;
}
