import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Callbacks } from '../generation/index.ts';
import type { FalWebhook } from '../providers/index.ts';
import { HttpError, header, readBody } from './request.ts';
import { sendJson } from './response.ts';

/** It carries the whole result of a model, of which nothing is used. */
const mostBodyBytes = 4 * 1_024 * 1_024;

/** Takes what fal says by itself: that a request has ended. What became of it fal is asked for. */
export function createFalWebhookHandler(
  webhook: FalWebhook,
  callbacks: Callbacks,
): (request: IncomingMessage, response: ServerResponse, token: string) => Promise<void> {
  return async (request, response, token) => {
    const body = await readBody(request, { mostBytes: mostBodyBytes });
    const headers = {
      requestId: header(request, 'x-fal-webhook-request-id'),
      userId: header(request, 'x-fal-webhook-user-id'),
      timestamp: header(request, 'x-fal-webhook-timestamp'),
      signature: header(request, 'x-fal-webhook-signature'),
    };
    const requestId = await webhook.verify(headers, body);
    if (requestId === null)
      throw new HttpError(400, 'This is no webhook that fal has signed in the last five minutes.');
    if (!(await callbacks.note(token, requestId))) throw new HttpError(404, 'This address is none that fal was given.');
    sendJson(response, 200, { received: true });
  };
}
