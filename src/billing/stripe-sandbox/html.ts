import type { TestPaymentMethod } from './test-payment-methods.ts';

/** Text as it may stand in a page. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The page for an address or a form that means nothing. */
export const problemPage = (title: string, explanation: string): string =>
  page(title, `<p>${escapeHtml(explanation)}</p>`);

/** A button of its own that asks the page to do something. */
export function button(
  label: string,
  fields: Readonly<Record<string, string>>,
  kind: '' | 'primary' | 'quiet' = '',
): string {
  return `<form method="post">${hidden(fields)}<button type="submit"${kind === '' ? '' : ` class="${kind}"`}>${escapeHtml(label)}</button></form>`;
}

/** Fields that a form sends along unseen. */
export const hidden = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');

/** A choice among payment methods, the first of them chosen. */
export const methodChoice = (legend: string, methods: readonly TestPaymentMethod[]): string =>
  `<fieldset><legend>${escapeHtml(legend)}</legend>${methods
    .map(
      ({ name, label, last4 }, index) =>
        `<label><input type="radio" name="method" value="${name}"${index === 0 ? ' checked' : ''}> <span>${escapeHtml(label)} <span class="label">…${last4}</span></span></label>`,
    )
    .join('')}</fieldset>`;

/** A table; its cells are HTML. */
export function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return rows.length === 0
    ? `<h2>${escapeHtml(caption)}</h2><p class="label">None yet.</p>`
    : `<h2>${escapeHtml(caption)}</h2><div class="scroll" role="region" aria-label="${escapeHtml(caption)}" tabindex="0"><table aria-label="${escapeHtml(caption)}"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** An instant in seconds, in UTC, to the minute. */
export function time(seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)}</time>`;
}

/** A whole page around its content. */
export function page(title: string, content: string, width: 'narrow' | 'wide' = 'narrow'): string {
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
<main class="${width}">
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
main.wide { max-width: 76rem; align-self: start; }
h2 { margin: 2rem 0 .5rem; font-size: 1.0625rem; font-weight: 600; }
a { color: var(--accent); }
fieldset { margin: 0 0 .375rem; padding: 0; border: 0; font-size: .875rem; }
legend { margin-bottom: .375rem; padding: 0; color: var(--muted); }
label { display: flex; gap: .5rem; align-items: baseline; padding: .3125rem 0; }
input[type='radio'] { accent-color: var(--accent); }
input[type='number'] { width: 6rem; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: .375rem;
  background: var(--page); color: inherit; font: inherit; }
input:focus-visible, a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1rem; }
.row form, td form { display: inline-flex; gap: .375rem; }
.scroll { margin-bottom: 1rem; overflow-x: auto; }
label .label { white-space: nowrap; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th { color: var(--muted); font-weight: 500; text-align: left; }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td form { margin: 0 .25rem .25rem 0; }
td button { min-height: 1.75rem; padding: .125rem .5rem; font-size: .8125rem; }
time, td button { white-space: nowrap; }
code { font-size: .8125rem; overflow-wrap: anywhere; }
.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.quiet { border-color: transparent; color: var(--muted); }
`;
