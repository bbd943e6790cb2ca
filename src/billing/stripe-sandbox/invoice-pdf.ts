import { formatAmount } from './amounts.ts';
import type { StripeInvoice } from './stripe-objects.ts';

const lineHeight = 18;
const linesOnPage = 40;

/** An invoice as a PDF of one page; of very many lines the first are shown. */
export function invoicePdf(invoice: StripeInvoice): Buffer {
  const money = (amount: number) => formatAmount(amount, invoice.currency);
  const date = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const lines = invoice.lines.data.map(
    ({ amount, description, period }) =>
      `${money(amount)}   ${description ?? ''}   ${date(period.start)} to ${date(period.end)}`,
  );
  return pdfOf([
    'Stripe sandbox: no real money moves.',
    `Invoice ${invoice.number ?? ''}   ${date(invoice.created)}   ${invoice.status}`,
    invoice.customer_email ?? invoice.customer,
    '',
    ...lines.slice(0, linesOnPage),
    '',
    `Total ${money(invoice.total)}   Due ${money(invoice.amount_due)}   Paid ${money(invoice.amount_paid)}`,
  ]);
}

/** The smallest document that every reader opens: one page, one font, lines of text. */
function pdfOf(lines: readonly string[]): Buffer {
  const text = lines.map((line) => `(${pdfText(line)}) Tj T*`).join('\n');
  const content = `BT /F1 11 Tf ${lineHeight} TL 50 790 Td\n${text}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file + table + trailer, 'latin1');
}

/** What Helvetica has no sign for is shown as a question mark, so that a character is a byte. */
const pdfText = (text: string): string =>
  text
    .replaceAll('×', 'x')
    .replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
    .replace(/[\\()]/g, (sign) => `\\${sign}`);
