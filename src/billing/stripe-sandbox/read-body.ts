import type { IncomingMessage } from 'node:http';
import { invalidRequest, StripeSandboxError } from './stripe-error.ts';

const maximumBodyBytes = 1024 * 1024;

/** The body of a form post as text, at most 1 MB of it. */
export async function readFormBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new Error('The body was given an encoding before it was read.');
    sizeBytes += chunk.length;
    // The rest is read and dropped, since a caller that is still sending would not see the answer.
    if (sizeBytes <= maximumBodyBytes) chunks.push(chunk);
  }
  if (sizeBytes > maximumBodyBytes) {
    throw new StripeSandboxError(413, {
      type: 'invalid_request_error',
      message: `The request body is larger than ${maximumBodyBytes} bytes.`,
    });
  }
  if (sizeBytes > 0 && !isForm(request)) {
    throw invalidRequest(
      'Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw invalidRequest('Invalid request: the body is not UTF-8.');
  }
}

function isForm(request: IncomingMessage): boolean {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  return mediaType.trim().toLowerCase() === 'application/x-www-form-urlencoded';
}
