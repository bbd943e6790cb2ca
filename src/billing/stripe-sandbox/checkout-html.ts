import { formatAmount } from './amounts.ts';
import { escapeHtml, methodChoice, page } from './html.ts';
import type { StripeCheckoutSession, StripeLineItem } from './stripe-objects.ts';
import { testPaymentMethods } from './test-payment-methods.ts';

/** The page on which one pays. */
export function payPage(session: StripeCheckoutSession, options: { problem: string | null }): string {
  const declined =
    options.problem === null
      ? ''
      : `<p class="alert" role="alert">${escapeHtml(options.problem)} You can try again.</p>`;
  const cancel =
    session.cancel_url === null
      ? ''
      : '<button type="submit" name="action" value="cancel" class="quiet">Cancel</button>';
  return page(
    'Checkout',
    `<p class="amount"><span class="label">Total</span> <strong>${escapeHtml(total(session))}</strong></p>
<ul aria-label="Items">${session.line_items.data.map(itemRow).join('')}</ul>
${declined}
<form method="post" aria-label="Payment">
${methodChoice('Pay with', testPaymentMethods)}
<button type="submit" name="action" value="pay" class="primary">Pay</button>
${cancel}
</form>`,
  );
}

/** The page of a session that was paid. */
export const completePage = (): string =>
  page('You are all done here', '<p>This checkout is complete. You can close this page.</p>');

/** The page of a session that ran out of time. */
export const expiredPage = (): string =>
  page('This checkout has expired', '<p>Nothing was charged. Please start again where you came from.</p>');

function itemRow(item: StripeLineItem): string {
  const quantity = item.quantity === 1 ? '' : ` <span class="label">× ${item.quantity}</span>`;
  const amount = `${formatAmount(item.amount_total, item.currency)}${period(item)}`;
  return `<li><span>${escapeHtml(item.description)}${quantity}</span> <span>${escapeHtml(amount)}</span></li>`;
}

function total(session: StripeCheckoutSession): string {
  return formatAmount(session.amount_total, session.currency);
}

function period({ price: { recurring } }: StripeLineItem): string {
  if (recurring === null) return '';
  return recurring.interval_count === 1
    ? ` per ${recurring.interval}`
    : ` every ${recurring.interval_count} ${recurring.interval}s`;
}
