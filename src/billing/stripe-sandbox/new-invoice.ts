import type { Draft } from './draft.ts';
import type {
  PendingLine,
  StripeCustomer,
  StripeInvoice,
  StripeInvoiceLine,
  StripeSubscription,
} from './stripe-objects.ts';

/** Stripe charges nothing below this; it waits on the customer's balance. */
const smallestCharge = 50;

/** An invoice of a subscription that may still change; not stored yet. */
export function newInvoice(
  draft: Draft,
  options: {
    id: string;
    subscription: StripeSubscription;
    customer: StripeCustomer;
    reason: StripeInvoice['billing_reason'];
    lines: readonly PendingLine[];
    period: { start: number; end: number };
    finalizesAt: number | null;
    prorationDate?: number;
  },
): StripeInvoice {
  const { id, subscription, customer, lines, period } = options;
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Stripe sandbox',
    account_tax_ids: null,
    ...dueOf(total, customer.balance),
    amount_overpaid: 0,
    amount_paid: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: options.finalizesAt,
    billing_reason: options.reason,
    collection_method: 'charge_automatically',
    created: draft.now,
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines.map((line) => newLine(draft, id, subscription, line)),
      has_more: false,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: {},
    next_payment_attempt: options.finalizesAt,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: {
        metadata: subscription.metadata,
        subscription: subscription.id,
        ...(options.prorationDate === undefined ? {} : { subscription_proration_date: options.prorationDate }),
      },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: period.end,
    period_start: period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** What is to be paid of a total, when a customer has a balance: less than 0 is their credit. */
export function dueOf(total: number, balance: number): Pick<StripeInvoice, 'amount_due' | 'amount_remaining'> {
  const owed = total + balance;
  const amount_due = owed < smallestCharge ? 0 : owed;
  return { amount_due, amount_remaining: amount_due };
}

function newLine(
  draft: Draft,
  invoiceId: string,
  subscription: StripeSubscription,
  line: PendingLine,
): StripeInvoiceLine {
  return {
    id: draft.newId('il'),
    object: 'line_item',
    amount: line.amount,
    currency: subscription.currency,
    description: line.description,
    discount_amounts: [],
    discountable: !line.proration,
    discounts: [],
    invoice: invoiceId,
    livemode: false,
    metadata: line.item === null ? {} : subscription.metadata,
    parent: parentOf(draft, subscription.id, line),
    period: line.period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: line.price.id, product: line.price.product },
      type: 'price_details',
      unit_amount_decimal: line.price.unit_amount_decimal,
    },
    quantity: line.quantity,
    quantity_decimal: String(line.quantity),
    subscription: subscription.id,
    subtotal: line.amount,
    taxes: [],
  };
}

function parentOf(draft: Draft, subscription: string, { item, proration }: PendingLine): StripeInvoiceLine['parent'] {
  const proration_details = proration ? { credited_items: null } : null;
  if (item === null) {
    return {
      invoice_item_details: { invoice_item: draft.newId('ii'), proration, proration_details, subscription },
      subscription_item_details: null,
      type: 'invoice_item_details',
    };
  }
  return {
    invoice_item_details: null,
    subscription_item_details: {
      invoice_item: proration ? draft.newId('ii') : null,
      proration,
      proration_details,
      subscription,
      subscription_item: item,
    },
    type: 'subscription_item_details',
  };
}
