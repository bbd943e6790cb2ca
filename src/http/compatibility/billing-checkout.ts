import { z } from 'zod';
import {
  CheckoutUnavailableError,
  type ExpectedError,
  InvalidInputError,
  NotPurchasableError,
  UnknownCreditPackError,
  UnknownPlanError,
} from '../../errors.ts';
import { createCheckout, type CreateCheckoutArguments } from '../../resolvers/billing.ts';
import { type Answer, billingModeOf, type Call, readInput } from './call.ts';
import { failureAnswer } from './failures.ts';

/** `POST /functions/v1/billing-checkout`: opens a checkout for a pack or a plan. */
export async function billingCheckout(call: Call): Promise<Answer> {
  const { context } = call;
  const input = parseInput(await readInput(call));
  const billing_mode = billingModeOf(context);
  try {
    const { mode, session, status } = await createCheckout(context, input);
    return {
      status: 200,
      body: {
        success: true,
        billing_mode,
        checkout_mode: mode.toLowerCase(),
        session_id: session.id,
        checkout_url: session.url,
        // Of one that is answered again the present status.
        status: status.toLowerCase(),
      },
    };
  } catch (error) {
    if (error instanceof CheckoutUnavailableError) {
      const message = 'Checkout unavailable';
      return { status: 200, body: { success: false, checkout_available: false, billing_mode, message } };
    }
    if (error instanceof UnknownCreditPackError) return refuse(call, error, 'Invalid credit pack');
    if (error instanceof UnknownPlanError) return refuse(call, error, 'Invalid billing plan');
    if (error instanceof NotPurchasableError) {
      const item = input.mode === 'PACK' ? 'credit pack' : 'plan';
      return refuse(call, error, `Selected ${item} is not configured for checkout`);
    }
    throw error;
  }
}

const refuse = ({ context }: Call, error: ExpectedError, sentence: string): Answer =>
  failureAnswer(error, context.services.clock, sentence);

/** A text that a mode cannot do without. */
const needed = (error: string) => z.string({ error }).min(1, { error });
const address = (name: string) => z.string({ error: `${name} must be an address` }).nullish();

const redirects = { success_url: address('success_url'), cancel_url: address('cancel_url') };

/** Fields that a mode has no use for are left alone: the present front ends may send them. */
const inputSchema = z.discriminatedUnion(
  'checkout_mode',
  [
    z.object({
      checkout_mode: z.literal('pack'),
      pack_code: needed('pack_code is required for pack checkout'),
      ...redirects,
    }),
    z.object({
      checkout_mode: z.literal('subscription'),
      plan_code: needed('plan_code is required for subscription checkout'),
      interval: z.enum(['month', 'year'], { error: 'interval must be month or year' }).nullish(),
      ...redirects,
    }),
  ],
  { error: 'checkout_mode must be pack or subscription' },
);

/** Reads what is to be bought. Throws {@link InvalidInputError} with the first thing that is wrong, in the sentence that clients know. */
function parseInput(value: unknown): CreateCheckoutArguments {
  const { data, error } = inputSchema.safeParse(value);
  if (data === undefined) throw new InvalidInputError([{ path: [], message: error.issues[0]?.message ?? '' }]);
  const { success_url: successUrl, cancel_url: cancelUrl } = data;
  return data.checkout_mode === 'pack'
    ? { mode: 'PACK', packCode: data.pack_code, interval: 'MONTH', successUrl, cancelUrl }
    : {
        mode: 'SUBSCRIPTION',
        planCode: data.plan_code,
        interval: data.interval === 'year' ? 'YEAR' : 'MONTH',
        successUrl,
        cancelUrl,
      };
}
