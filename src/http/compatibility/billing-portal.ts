import { z } from 'zod';
import { CheckoutUnavailableError, InvalidInputError, NoCustomerError } from '../../errors.ts';
import { createPortalSession } from '../../resolvers/billing.ts';
import { type Answer, billingModeOf, type Call, readInput } from './call.ts';

/** `POST /functions/v1/billing-portal`: opens Stripe's page on which customers manage cards, invoices and their plan. */
export async function billingPortal(call: Call): Promise<Answer> {
  const { context } = call;
  const returnUrl = parseReturnUrl(await readInput(call));
  const billing_mode = billingModeOf(context);
  try {
    const { url: portal_url } = await createPortalSession(context, returnUrl);
    return { status: 200, body: { success: true, billing_mode, portal_available: true, portal_url } };
  } catch (error) {
    const none = { success: false, billing_mode, portal_available: false };
    if (error instanceof NoCustomerError) {
      return { status: 200, body: { ...none, error: 'no_subscription', message: error.message } };
    }
    if (error instanceof CheckoutUnavailableError) {
      return { status: 200, body: { ...none, message: 'Billing portal unavailable' } };
    }
    throw error;
  }
}

const inputSchema = z.object({ return_url: z.string().nullish() });

function parseReturnUrl(value: unknown): string | null {
  const { data } = inputSchema.safeParse(value);
  if (data === undefined) throw new InvalidInputError([{ path: [], message: 'return_url must be an address' }]);
  return data.return_url ?? null;
}
