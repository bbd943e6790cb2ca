import type { Act } from './act.ts';
import type { SandboxContext } from './context.ts';
import { answerDispute, escalateDispute, loseDispute, openDispute, winDispute } from './disputes.ts';
import type { Draft } from './draft.ts';
import { collectInvoice, paymentMethodOf, subscriptionOf } from './invoice-life.ts';
import type { DeliveryOutcome, EventDelivery } from './event-delivery.ts';
import { newPaymentMethod, attach } from './payment-methods.ts';
import { failRefund, refund } from './refunds.ts';
import { runDue } from './run-due.ts';
import { releaseSchedule } from './schedule-life.ts';
import { completeSession, endDebit } from './session-end.ts';
import { readSettings } from './settings.ts';
import { invalidRequest, resourceMissing, StripeSandboxError } from './stripe-error.ts';
import type {
  SandboxSettings,
  StripeCharge,
  StripeDispute,
  StripeEvent,
  StripeKind,
  StripeObjects,
  StripePaymentMethod,
  StripeRefund,
  StripeSubscription,
} from './stripe-objects.ts';
import { setCancelAtPeriodEnd } from './subscription-updates.ts';
import { findTestPaymentMethod, type TestPaymentMethod } from './test-payment-methods.ts';

/** What happens outside of the API: at checkout, at banks, at Stripe's dashboard. Each throws `StripeSandboxError` for what cannot be. */
export interface StripeSandboxControls {
  /** Pays an open checkout session as its page does; throws 402 when the payment method is declined. */
  pay(sessionId: string, testMethod?: string): Promise<void>;
  /** Gives back all that is left of a payment, or a part, in the smallest unit of its currency. */
  refundPayment(intentOrChargeId: string, amount?: number): Promise<StripeRefund>;
  /** The bank sends a refund back. */
  failRefund(refundId: string): Promise<StripeRefund>;
  /** A cardholder disputes a payment, wholly unless an amount is given; an inquiry takes no money yet. */
  openDispute(intentOrChargeId: string, options?: { amount?: number; isInquiry?: boolean }): Promise<StripeDispute>;
  answerDispute(disputeId: string): Promise<StripeDispute>;
  escalateDispute(disputeId: string): Promise<StripeDispute>;
  winDispute(disputeId: string): Promise<StripeDispute>;
  loseDispute(disputeId: string): Promise<StripeDispute>;
  /** Ends a bank debit that is under way, now and so. */
  settleDebit(intentId: string, outcome: 'succeeded' | 'failed'): Promise<void>;
  /** Gives a customer a new default card, for all their subscriptions too. */
  changeCard(customerId: string, testMethod: string): Promise<StripePaymentMethod>;
  /** Lets a subscription end with its period, or go on after all; a plan that waits in a schedule is dropped. */
  setCancelAtPeriodEnd(subscriptionId: string, cancels: boolean): Promise<StripeSubscription>;
  /** Pays an open invoice with the customer's payment method; throws 402 when it is declined, which is noted. */
  payInvoice(invoiceId: string): Promise<void>;
  /** Does what is due by the clock; its events are sent with the next delivery. */
  runDue(): Promise<void>;
  /** All events, oldest first, as they were made. */
  listEvents(): Promise<readonly StripeEvent[]>;
  /** Sends one event now, also one that was accepted before or is held back. */
  deliverEvent(eventId: string): Promise<DeliveryOutcome>;
  /** Sends all that waits, also what is held back: in order and once, or each event twice and all of it shuffled. */
  deliverWaiting(how: 'in_order' | 'shuffled_twice'): Promise<{ accepted: number; refused: number }>;
  settings(): Promise<SandboxSettings>;
  changeSettings(changes: Partial<Pick<SandboxSettings, 'holds_events' | 'after_last_try'>>): Promise<void>;
}

interface ControlsOptions {
  readonly context: SandboxContext;
  readonly delivery: EventDelivery;
  readonly act: Act;
}

/** The controls of a sandbox. */
export function createControls({ context, delivery, act }: ControlsOptions): StripeSandboxControls {
  const { store } = context;

  async function take<Kind extends StripeKind>(draft: Draft, kind: Kind, id: string): Promise<StripeObjects[Kind]> {
    const object = await draft.find(kind, id);
    if (object === null) throw resourceMissing(404, kind, id, 'id');
    return object;
  }

  async function takeCharge(draft: Draft, id: string): Promise<StripeCharge> {
    if (!id.startsWith('pi_')) return take(draft, 'charge', id);
    const { latest_charge } = await take(draft, 'payment_intent', id);
    if (latest_charge === null) throw invalidRequest(`The payment ${id} has no charge.`);
    return take(draft, 'charge', latest_charge);
  }

  const actOnDispute = (id: string, change: (draft: Draft, dispute: StripeDispute) => StripeDispute) =>
    act(async (draft) => change(draft, await take(draft, 'dispute', id)));

  return {
    pay: (sessionId, testMethod = 'pm_card_visa') =>
      act(async (draft) => {
        const session = await take(draft, 'checkout.session', sessionId);
        if (session.status !== 'open') throw invalidRequest(`The session ${sessionId} is ${session.status}.`);
        const { decline } = await completeSession(draft, session, requireTestMethod(testMethod));
        if (decline !== null) throw new StripeSandboxError(402, { type: 'card_error', ...decline });
      }),

    refundPayment: (id, amount) => act(async (draft) => refund(draft, await takeCharge(draft, id), { amount })),
    failRefund: (id) => act(async (draft) => failRefund(draft, await take(draft, 'refund', id))),

    openDispute: (id, options = {}) => act(async (draft) => openDispute(draft, await takeCharge(draft, id), options)),
    answerDispute: (id) => actOnDispute(id, answerDispute),
    escalateDispute: (id) => actOnDispute(id, escalateDispute),
    winDispute: (id) => actOnDispute(id, winDispute),
    loseDispute: (id) => actOnDispute(id, loseDispute),

    settleDebit: (id, outcome) =>
      act(async (draft) => {
        const intent = await take(draft, 'payment_intent', id);
        if (intent.status !== 'processing')
          throw invalidRequest(`The payment ${id} is ${intent.status}, not under way.`);
        await endDebit(draft, intent, outcome);
      }),

    changeCard: (customerId, testMethod) =>
      act(async (draft) => {
        const customer = await take(draft, 'customer', customerId);
        const method = attach(draft, draft.insert(newPaymentMethod(draft, requireTestMethod(testMethod))), customer);
        const invoice_settings = { ...customer.invoice_settings, default_payment_method: method.id };
        draft.tell('customer.updated', draft.change(customer, { invoice_settings }), customer);
        for (const subscription of await draft.list('subscription', { customer: customerId })) {
          if (subscription.ended_at !== null) continue;
          const changed = draft.change(subscription, { default_payment_method: method.id });
          draft.tell('customer.subscription.updated', changed, subscription);
        }
        return method;
      }),

    setCancelAtPeriodEnd: (id, cancels) =>
      act(async (draft) => {
        const stored = await take(draft, 'subscription', id);
        if (stored.ended_at !== null) throw invalidRequest(`The subscription ${id} has ended.`);
        if (stored.schedule !== null) {
          releaseSchedule(draft, await draft.get('subscription_schedule', stored.schedule), stored);
        }
        return setCancelAtPeriodEnd(draft, await draft.get('subscription', id), cancels);
      }),

    payInvoice: async (id) => {
      const decline = await act(async (draft) => {
        const invoice = await take(draft, 'invoice', id);
        if (invoice.status !== 'open') throw invalidRequest(`The invoice ${id} is ${invoice.status}, not open.`);
        const method = await paymentMethodOf(draft, await subscriptionOf(draft, invoice));
        const collected = await collectInvoice(draft, invoice, method, { offSession: false, isAutomatic: false });
        return collected.decline;
      });
      if (decline !== null) throw new StripeSandboxError(402, { type: 'card_error', ...decline });
    },

    runDue: () => runDue(context),

    listEvents: () => store.list('event', { matching: [{}], startingAfter: null, oldestFirst: true, limit: null }),
    deliverEvent: (id) => delivery.deliverAgain(id),

    deliverWaiting: async (how) => {
      const waiting = await store.list('event', {
        matching: [{ sandbox: { delivered: false } }],
        startingAfter: null,
        oldestFirst: true,
        limit: null,
      });
      const ids = waiting.map(({ id }) => id);
      const outcomes: DeliveryOutcome[] = [];
      for (const id of how === 'in_order' ? ids : shuffled(context, [...ids, ...ids])) {
        outcomes.push(await delivery.deliverAgain(id));
      }
      const count = (wanted: DeliveryOutcome) => outcomes.filter((outcome) => outcome === wanted).length;
      return { accepted: count('accepted'), refused: count('refused') };
    },

    settings: () => readSettings(store),
    changeSettings: (changes) =>
      act(async (draft) => {
        const stored = await store.find('sandbox_settings', 'sandbox_settings');
        if (stored === null) draft.insert({ ...(await readSettings(store)), ...changes });
        else draft.change(stored, changes);
      }),
  };
}

function requireTestMethod(name: string): TestPaymentMethod {
  const test = findTestPaymentMethod(name);
  if (test === null) throw resourceMissing(400, 'payment_method', name, 'payment_method');
  return test;
}

function shuffled<Item>({ ids }: SandboxContext, items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: ids.randomBytes(8).toString('hex') }));
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ item }) => item);
}
