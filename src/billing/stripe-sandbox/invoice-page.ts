import type { FormFields } from './form-encoding.ts';
import { invoicePage } from './invoice-html.ts';
import { invoicePdf } from './invoice-pdf.ts';
import { type PageAnswer, type PageParts, pageProblem } from './page-parts.ts';
import type { StripeInvoice } from './stripe-objects.ts';

/** Shows an invoice, as a page or as a file. */
export async function showInvoice(parts: PageParts, path: string): Promise<PageAnswer> {
  const [id = '', file] = path.split('/');
  const invoice = await requireInvoice(parts, id);
  return file === 'pdf' ? { pdf: invoicePdf(invoice) } : { status: 200, html: invoicePage(invoice) };
}

/** Pays an open invoice. */
export async function answerInvoice(parts: PageParts, path: string, { action }: FormFields): Promise<PageAnswer> {
  const invoice = await requireInvoice(parts, path);
  if (action !== 'pay') throw pageProblem(400, 'An invoice can be paid, and that is all.');
  await parts.controls.payInvoice(invoice.id);
  return { location: invoice.id };
}

async function requireInvoice({ context }: PageParts, id: string): Promise<StripeInvoice> {
  const invoice = await context.store.find('invoice', id);
  if (invoice === null || invoice.status === 'draft') throw pageProblem(404, 'There is no such invoice.');
  return invoice;
}
