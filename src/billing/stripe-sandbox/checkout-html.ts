import { formatAmount } from './amounts.ts';
import type { StripeCheckoutSession, StripeLineItem } from './stripe-objects.ts';

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
<form method="post" aria-label="Test card">
<p class="card"><span class="label">Card</span> <span>4242 4242 4242 4242 (test)</span></p>
<button type="submit" name="action" value="pay" class="primary">Pay</button>
<button type="submit" name="action" value="decline">Decline</button>
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

/** The page for an address or a form that means nothing. */
export const problemPage = (title: string, explanation: string): string =>
  page(title, `<p>${escapeHtml(explanation)}</p>`);

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

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} – Stripe sandbox</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="note"><strong>Sandbox:</strong> no real money moves.</p>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1c2230; --muted: #5c6475; --line: #d9dde5;
  --accent: #4b48c9; --on-accent: #fff; --note: #fff4d6; --on-note: #6b4c00; --alert: #fdeaea; --on-alert: #97191c; }
@media (prefers-color-scheme: dark) {
  :root { --page: #12141a; --card: #1b1e27; --text: #eceef4; --muted: #a3abbd; --line: #363c4b;
    --accent: #8f8cff; --on-accent: #14142b; --note: #3a3117; --on-note: #ffe3a0; --alert: #401c20; --on-alert: #ffc2c4; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; box-shadow: 0 1px 3px rgb(0 0 0 / 8%); }
h1 { margin: 1.5rem 0 1rem; font-size: 1.375rem; font-weight: 600; line-height: 1.25; }
p { margin: 0 0 1rem; }
.note, .alert { padding: .625rem .875rem; border-radius: .5rem; font-size: .875rem; }
.note { margin: 0; background: var(--note); color: var(--on-note); }
.alert { background: var(--alert); color: var(--on-alert); }
.label { color: var(--muted); font-weight: 400; }
.amount strong { display: block; font-size: 2.25rem; font-weight: 600; line-height: 1.2; }
ul { list-style: none; margin: 0 0 1.5rem; padding: 0; border-top: 1px solid var(--line); }
li { display: flex; justify-content: space-between; gap: 1rem; padding: .75rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
li > :last-child { white-space: nowrap; }
form { display: grid; gap: .625rem; }
.card { display: flex; justify-content: space-between; gap: 1rem; margin: 0 0 .375rem; font-size: .875rem; }
button { min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: transparent; color: inherit; font: inherit; font-weight: 500; cursor: pointer; }
button:hover { border-color: var(--muted); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.quiet { border-color: transparent; color: var(--muted); }
`;
