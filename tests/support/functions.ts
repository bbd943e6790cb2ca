import type { TestApp } from './test-app.ts';

/** What one of the existing clients' routes answered. */
export interface FunctionAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls one of the existing clients' routes; a text is sent as it is, nothing without a body. */
export async function callFunction(
  { url }: Pick<TestApp, 'url'>,
  path: string,
  {
    method = 'POST',
    key,
    body,
    headers = {},
  }: { method?: string; key: string | null; body?: unknown; headers?: Record<string, string> },
): Promise<FunctionAnswer> {
  const response = await fetch(`${url}/functions/v1/${path}`, {
    method,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as FunctionAnswer['body'], // Its expectations check it.
  };
}

/** A failure of these routes, with what it says. */
export const failure = (app: TestApp, status: number, error: unknown, details: unknown = null) => ({
  status,
  contentType: 'application/json',
  body: { error, details, timestamp: new Date(app.clock.now()).toISOString() },
});
