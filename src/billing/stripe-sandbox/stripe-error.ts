/** The inside of `{ "error": … }`, as Stripe answers it. */
interface StripeErrorBody {
  readonly type: 'invalid_request_error' | 'idempotency_error' | 'api_error' | 'card_error';
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
  readonly doc_url?: string;
  readonly decline_code?: string;
  readonly charge?: string;
  readonly payment_intent?: object;
  readonly payment_method?: object;
}
/** A refusal that is answered to the caller of the API as it is. */
export class StripeSandboxError extends Error {
  readonly status: number;
  readonly body: StripeErrorBody;

  constructor(status: number, body: StripeErrorBody) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

/** A request that Stripe would refuse with 400. */
export function invalidRequest(message: string, about: { param?: string; code?: string } = {}): StripeSandboxError {
  return new StripeSandboxError(400, {
    type: 'invalid_request_error',
    message,
    ...about,
    ...documentation(about.code),
  });
}

/** An id that is not there: 404 when the address names it, 400 when a parameter does. */
export function resourceMissing(status: 404 | 400, name: string, id: string, param: string): StripeSandboxError {
  const code = 'resource_missing';
  const message = `No such ${name}: '${id}'`;
  return new StripeSandboxError(status, {
    type: 'invalid_request_error',
    message,
    param,
    code,
    ...documentation(code),
  });
}

const documentation = (code: string | undefined) =>
  code === undefined ? {} : { doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` };
