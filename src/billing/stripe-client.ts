import Stripe from 'stripe';

/** The version of Stripe's API that this code was written for; the SDK's types are of the same one. */
const apiVersion = '2026-10-28.endive';

/** The SDK, pointed at Stripe or at another host that speaks its API. */
export function createStripeClient(options: { secretKey: string; apiUrl: URL | null }): Stripe {
  const { apiUrl } = options;
  return new Stripe(options.secretKey, {
    apiVersion,
    timeout: 10_000,
    maxNetworkRetries: 2,
    telemetry: false,
    ...(apiUrl === null
      ? {}
      : {
          host: apiUrl.hostname,
          port: apiUrl.port === '' ? (apiUrl.protocol === 'https:' ? 443 : 80) : Number(apiUrl.port),
          protocol: apiUrl.protocol === 'https:' ? ('https' as const) : ('http' as const),
        }),
  });
}

/** What Stripe answered, or null when there is no such thing; a deleted one counts as there. */
export async function orMissing<Found>(request: Promise<Found>): Promise<Found | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') return null;
    throw error;
  }
}
