import type { ServerResponse } from 'node:http';
import type { CheckoutResult } from '../billing/index.ts';
import { send } from './response.ts';

/** What the page says, and after how many seconds it looks again. */
interface Notice {
  readonly title: string;
  readonly text: string;
  readonly refreshSeconds?: number;
}

/** Answers with the page to which a checkout or the portal returns when the front end named no other. */
export async function sendReturnPage(
  response: ServerResponse,
  { searchParams }: URL,
  findResult: (checkoutId: string) => Promise<CheckoutResult | null>,
): Promise<void> {
  const outcome = searchParams.get('checkout');
  const id = outcome === 'success' ? searchParams.get('id') : null;
  const page = returnPage(noticeOf(outcome, id === null ? null : await findResult(id)));
  send(response, 200, page, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-store',
  });
}

function noticeOf(outcome: string | null, result: CheckoutResult | null): Notice {
  if (outcome === 'cancel') {
    return { title: 'Checkout cancelled', text: 'Nothing was charged. You can close this page.' };
  }
  if (outcome !== 'success') return { title: 'You are back', text: 'You can close this page.' };
  if (result === null) {
    return { title: 'Paid, credits arriving', text: 'Your credits come in a moment. You can close this page.' };
  }
  switch (result.progress) {
    // Stripe sends buyers here when they have paid, and its word of that may come a little later than they do.
    case 'WAITING_FOR_PAYMENT':
    case 'PAID_CREDITS_ARRIVING':
      return {
        title: 'Paid, credits arriving',
        text: 'This page tells when they are here. You can also close it.',
        refreshSeconds: 2,
      };
    case 'WAITING_FOR_BANK':
      return {
        title: 'Waiting for your bank',
        text: 'It can take some days to pay. Your credits come when it has; you can close this page.',
        refreshSeconds: 10,
      };
    case 'CREDITED':
      return { title: arrivalOf(result.creditsGranted), text: 'You can close this page.' };
    case 'EXPIRED':
      return {
        title: 'Checkout expired',
        text: 'It was not paid in time. Nothing was charged; start a new one to buy.',
      };
    case 'FAILED':
      return {
        title: 'Payment failed',
        text: 'Your bank did not pay. Nothing was charged and no credits come; buy again with another way to pay.',
      };
  }
}

const arrivalOf = (credits: number): string =>
  credits === 1 ? '1 credit has arrived' : `${credits.toLocaleString('en')} credits have arrived`;

function returnPage({ title, text, refreshSeconds }: Notice): string {
  const refresh = refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { min-height: 100vh; margin: 0; display: grid; place-content: center; text-align: center; }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;
}
