import { formatAmount } from './amounts.ts';
import { button, escapeHtml, page, table, time } from './html.ts';
import type { StripeInvoice } from './stripe-objects.ts';

/** An invoice that is final. */
export function invoicePage(invoice: StripeInvoice): string {
  const money = (amount: number) => escapeHtml(formatAmount(amount, invoice.currency));
  const balance = invoice.total - invoice.amount_due;
  return page(
    `Invoice ${invoice.number ?? ''}`,
    `<p class="amount"><span class="label">${invoice.status === 'paid' ? 'Paid' : 'Due'}</span>
<strong>${money(invoice.amount_due)}</strong></p>
<p class="label">${escapeHtml(invoice.customer_email ?? invoice.customer)}, ${time(invoice.created)}, ${invoice.status}</p>
${invoice.status === 'open' ? button('Pay', { action: 'pay' }, 'primary') : ''}
${table(
  'Lines',
  ['What', 'From', 'To', 'Amount'],
  invoice.lines.data.map(({ amount, description, period }) => [
    escapeHtml(description ?? ''),
    time(period.start),
    time(period.end),
    money(amount),
  ]),
)}
<p>Total ${money(invoice.total)}${balance === 0 ? '' : `, ${money(balance)} of it through your balance`}</p>
<p><a href="${invoice.id}/pdf">Download as PDF</a></p>`,
    'wide',
  );
}
