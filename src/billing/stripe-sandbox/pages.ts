import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerCheckout, showCheckout } from './checkout-page.ts';
import { answerDashboard, showDashboard } from './dashboard-page.ts';
import { type FormFields, parseForm } from './form-encoding.ts';
import { problemPage } from './html.ts';
import { answerInvoice, showInvoice } from './invoice-page.ts';
import { type PageAnswer, type PageParts, pageProblem } from './page-parts.ts';
import { answerPortal, showPortal } from './portal-page.ts';
import { readFormBody } from './read-body.ts';
import { StripeSandboxError } from './stripe-error.ts';

interface Page {
  readonly show: (parts: PageParts, id: string) => Promise<PageAnswer>;
  readonly answer: (parts: PageParts, id: string, fields: FormFields) => Promise<PageAnswer>;
}

/** The pages by their addresses' last parts. */
const pages: readonly (readonly [path: RegExp, page: Page])[] = [
  [/\/checkout\/([^/]+)$/, { show: showCheckout, answer: answerCheckout }],
  [/\/portal\/([^/]+)$/, { show: showPortal, answer: answerPortal }],
  [/\/invoices\/([^/]+(?:\/pdf)?)$/, { show: showInvoice, answer: answerInvoice }],
  [/\/dashboard$/, { show: showDashboard, answer: answerDashboard }],
];

// Chromium applies `form-action` to redirects too, and those go to other origins and schemes: it stays out.
const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers the sandbox's pages: GET shows them, POST does what their buttons say. */
export function createPageHandler(
  parts: PageParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const answer = await answerSafely(parts, request);
    if ('location' in answer) {
      response.writeHead(303, { ...securityHeaders, Location: encodeLocation(answer.location) });
      response.end();
    } else if ('pdf' in answer) {
      response.writeHead(200, { ...securityHeaders, 'Content-Type': 'application/pdf' });
      response.end(request.method === 'HEAD' ? '' : answer.pdf);
    } else {
      response.writeHead(answer.status, { ...securityHeaders, 'Content-Type': 'text/html; charset=utf-8' });
      response.end(request.method === 'HEAD' ? '' : answer.html);
    }
  };
}

async function answerSafely(parts: PageParts, request: IncomingMessage): Promise<PageAnswer> {
  try {
    return await answerRequest(parts, request);
  } catch (error) {
    if (error instanceof StripeSandboxError) {
      return { status: error.status, html: problemPage('That did not work', error.message) };
    }
    parts.log.warn({ error }, 'A page of the Stripe sandbox failed.');
    return { status: 500, html: problemPage('Something went wrong', 'Please try again.') };
  }
}

async function answerRequest(parts: PageParts, request: IncomingMessage): Promise<PageAnswer> {
  const [path = ''] = (request.url ?? '').split('?');
  for (const [pattern, page] of pages) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const id = match[1] ?? '';
    if (request.method === 'GET' || request.method === 'HEAD') return page.show(parts, id);
    if (request.method !== 'POST') throw pageProblem(405, 'This page is read with GET and answered with POST.');
    refuseOtherSites(request);
    return page.answer(parts, id, parseForm(await readFormBody(request)).fields);
  }
  throw pageProblem(404, 'There is no such page. The dashboard is at /stripe-sandbox/dashboard.');
}

/** Browsers say where a form was sent from; buttons on foreign sites are none of ours. */
function refuseOtherSites({ headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw pageProblem(403, 'This form was sent from another site.');
}

/** A header holds ASCII only; parsing an address percent-encodes the rest. What is relative stays so. */
const encodeLocation = (url: string): string => (URL.canParse(url) ? new URL(url).href : url);
