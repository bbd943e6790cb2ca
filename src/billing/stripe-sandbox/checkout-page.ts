import { completePage, expiredPage, payPage } from './checkout-html.ts';
import type { SandboxContext } from './context.ts';
import type { FormFields } from './form-encoding.ts';
import { type PageAnswer, type PageParts, pageProblem } from './page-parts.ts';
import { completeSession } from './session-end.ts';
import { isOpen } from './show.ts';
import type { StripeCheckoutSession } from './stripe-objects.ts';
import { findTestPaymentMethod } from './test-payment-methods.ts';

/** Shows a session that is to be paid, or how it ended. */
export async function showCheckout({ context }: PageParts, id: string): Promise<PageAnswer> {
  const session = await requireSession(context, id);
  if (isOpen(context.clock, session)) return { status: 200, html: payPage(session, { problem: null }) };
  return { status: 200, html: session.status === 'complete' ? completePage() : expiredPage() };
}

/** Pays or cancels. */
export async function answerCheckout(
  parts: PageParts,
  id: string,
  { action, method }: FormFields,
): Promise<PageAnswer> {
  switch (action) {
    case 'pay':
      return pay(parts, id, typeof method === 'string' ? method : 'pm_card_visa');
    case 'cancel':
      return cancel(parts, id);
    default:
      throw pageProblem(400, 'Choose Pay or Cancel.');
  }
}

async function pay(parts: PageParts, id: string, methodName: string): Promise<PageAnswer> {
  const { context } = parts;
  const test = findTestPaymentMethod(methodName);
  if (test === null) throw pageProblem(400, 'Choose one of the payment methods.');
  return parts.act(async (draft) => {
    const session = await requireSession(context, id);
    if (session.status === 'complete') return { location: successLocation(session) };
    if (!isOpen(context.clock, session)) return showEnded(parts, session);
    const { decline } = await completeSession(draft, session, test);
    return decline === null
      ? { location: successLocation(session) }
      : { status: 200, html: payPage(session, { problem: decline.message }) };
  });
}

async function cancel(parts: PageParts, id: string): Promise<PageAnswer> {
  const session = await requireSession(parts.context, id);
  if (!isOpen(parts.context.clock, session)) return showEnded(parts, session);
  if (session.cancel_url === null) throw pageProblem(400, 'This checkout has nowhere to go back to.');
  return { location: session.cancel_url };
}

async function showEnded(parts: PageParts, session: StripeCheckoutSession): Promise<PageAnswer> {
  if (session.status === 'complete') return { status: 200, html: completePage() };
  if (session.status === 'open') await parts.runDue();
  return { status: 200, html: expiredPage() };
}

async function requireSession({ store }: SandboxContext, id: string): Promise<StripeCheckoutSession> {
  const session = await store.find('checkout.session', id);
  if (session === null) throw pageProblem(404, 'There is no such checkout.');
  return session;
}

const successLocation = ({ id, success_url }: StripeCheckoutSession): string =>
  success_url.replaceAll('{CHECKOUT_SESSION_ID}', id);
