import { formatAmount } from './amounts.ts';
import { button, escapeHtml, methodChoice, page, table, time } from './html.ts';
import type { StripeCustomer, StripeInvoice, StripePaymentMethod, StripeSubscription } from './stripe-objects.ts';
import { testPaymentMethods } from './test-payment-methods.ts';

/** What a customer may see and change by themselves. */
export function portalPage(shown: {
  customer: StripeCustomer;
  subscriptions: readonly StripeSubscription[];
  invoices: readonly StripeInvoice[];
  methods: readonly StripePaymentMethod[];
  productNames: ReadonlyMap<string, string>;
  returnUrl: string | null;
}): string {
  const { customer, subscriptions, invoices, methods, returnUrl } = shown;
  const running = subscriptions.filter(({ ended_at }) => ended_at === null);
  const back = returnUrl === null ? '' : `<p><a href="${escapeHtml(returnUrl)}">Back to where you came from</a></p>`;
  return page(
    'Your billing',
    `<p>${escapeHtml(customer.name ?? customer.email ?? customer.id)}</p>
<h2>Plan</h2>
${running.length === 0 ? '<p class="label">You have no plan.</p>' : running.map((one) => planSection(one, shown)).join('\n')}
<h2>Payment method</h2>
<p>${presentMethod(customer, running, methods)}</p>
<form method="post" aria-label="Another payment method">
<input type="hidden" name="action" value="change_card">
${methodChoice(
  'Pay with another one from now on',
  testPaymentMethods.filter(({ canBeAttached }) => canBeAttached),
)}
<button type="submit">Change payment method</button>
</form>
${table(
  'Invoices',
  ['Date', 'Amount', 'Status', ''],
  invoices.map((invoice) => [
    time(invoice.created),
    escapeHtml(formatAmount(invoice.total, invoice.currency)),
    invoice.status,
    invoice.status === 'draft'
      ? ''
      : `<a href="../invoices/${invoice.id}">Invoice ${escapeHtml(invoice.number ?? '')}</a>`,
  ]),
)}
${back}`,
    'wide',
  );
}

function planSection(
  subscription: StripeSubscription,
  { productNames }: { productNames: ReadonlyMap<string, string> },
): string {
  const items = subscription.items.data.map(({ price, quantity }) => {
    const amount = formatAmount(price.unit_amount * quantity, price.currency);
    return `${productNames.get(price.product) ?? price.product}, ${amount} per ${price.recurring?.interval ?? 'period'}`;
  });
  const end = subscription.items.data[0]?.current_period_end ?? subscription.start_date;
  const cancels = subscription.cancel_at_period_end;
  const until = cancels ? `Ends on ${time(end)}.` : `Next period from ${time(end)}.`;
  return `<p><strong>${escapeHtml(items.join(' and '))}</strong> <span class="label">${subscription.status}</span><br>${until}</p>
<div class="row">${
    cancels
      ? button('Keep the plan', { action: 'keep', subscription: subscription.id }, 'primary')
      : button('Cancel at the end of the period', { action: 'cancel', subscription: subscription.id })
  }</div>`;
}

function presentMethod(
  customer: StripeCustomer,
  [subscription]: readonly StripeSubscription[],
  methods: readonly StripePaymentMethod[],
): string {
  const id = subscription?.default_payment_method ?? customer.invoice_settings.default_payment_method;
  const method = methods.find((one) => one.id === id);
  if (method === undefined) return '<span class="label">None.</span>';
  const number = method.card?.last4 ?? method.us_bank_account?.last4 ?? '';
  return escapeHtml(`${method.card?.brand ?? 'Bank account'} …${number} (${method.sandbox.test_method})`);
}
