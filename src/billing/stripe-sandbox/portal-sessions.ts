import { z } from 'zod';
import { type ApiCall, type ApiResult, objectInParameter, pageUrl, type SandboxContext } from './context.ts';
import { createDraft } from './draft.ts';
import { parseParameters, redirectUrl, text } from './parameters.ts';
import type { StripePortalSession } from './stripe-objects.ts';

const portalParameters = z.strictObject({ customer: text(), return_url: redirectUrl().optional() });

/** POST /v1/billing_portal/sessions */
export async function createPortalSession(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, return_url } = parseParameters(portalParameters, call.parameters);
  const { id: customerId } = await objectInParameter(context, 'customer', customer, 'customer');
  const draft = createDraft(context, call);
  const id = draft.newId('bps');
  const session = draft.insert<StripePortalSession>({
    id,
    object: 'billing_portal.session',
    configuration: 'bpc_sandbox',
    created: draft.now,
    customer: customerId,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: return_url ?? null,
    url: pageUrl(context, `portal/${id}`),
  });
  return draft.result(session);
}
