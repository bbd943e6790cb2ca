import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { type LocalAnswer, type LocalServer, type ReceivedRequest, startLocalServer } from './local-server.ts';
import { media } from './media.ts';

export const falKey = 'fal-key-id:fal-key-secret';

/** A request as fal's queue has it; tests change it as fal's machines do. */
export interface FalRequest {
  readonly id: string;
  readonly modelId: string;
  readonly input: unknown;
  readonly webhookUrl: string | null;
  status: 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED';
  /** What the result is when it is fetched: a success, or how the request failed. */
  result: LocalAnswer;
  isCancelled: boolean;
}

/** The queue of fal as it is documented, with its files and its webhooks. */
export interface FakeFal extends LocalServer {
  readonly accepted: FalRequest[];
  /** The address of a file of fal's; `name` is one of {@link media}. */
  fileUrl(name: keyof typeof media): string;
  /** Ends the request that was accepted last, or the one with the id, with pictures, a film or whatever a model gives. */
  complete(result: unknown, id?: string): FalRequest;
  /** Posts a webhook as fal does when a request has ended; gives the status of the answer. */
  sendWebhook(request: FalRequest, changes?: WebhookChanges): Promise<number>;
}

export interface WebhookChanges {
  /** Where it goes instead. */
  readonly url?: string;
  readonly timestampSeconds?: number;
  readonly requestId?: string;
  /** Signed by somebody else. */
  readonly isForged?: boolean;
  /** What is posted is not what was signed. */
  readonly isTampered?: boolean;
}

const notFound: LocalAnswer = { status: 404, body: { detail: 'Request not found' } };

/** Starts fal on a free port. */
export async function startFakeFal(clock: Clock): Promise<FakeFal> {
  const accepted: FalRequest[] = [];
  const keys = generateKeyPairSync('ed25519');
  const strangers = generateKeyPairSync('ed25519');

  const submit = ({ path, body, query }: ReceivedRequest): LocalAnswer => {
    const id = `req-${accepted.length + 1}`;
    const request: FalRequest = {
      id,
      modelId: path.slice(1),
      input: body,
      webhookUrl: query.get('fal_webhook'),
      status: 'IN_QUEUE',
      result: { status: 200, body: {} },
      isCancelled: false,
    };
    accepted.push(request);
    const base = `${server.url}/${request.modelId.split('/').slice(0, 2).join('/')}/requests/${id}`;
    return {
      status: 200,
      body: {
        request_id: id,
        status: 'IN_QUEUE',
        queue_position: 0,
        response_url: base,
        status_url: `${base}/status`,
        cancel_url: `${base}/cancel`,
      },
    };
  };

  const askedAbout = (request: FalRequest, action: string | undefined): LocalAnswer => {
    switch (action) {
      case 'status': {
        const { status } = request;
        const more = status === 'IN_QUEUE' ? { queue_position: 3 } : { logs: null };
        return { status: status === 'COMPLETED' ? 200 : 202, body: { status, request_id: request.id, ...more } };
      }
      case 'cancel':
        if (request.status === 'COMPLETED') return { status: 400, body: { status: 'ALREADY_COMPLETED' } };
        request.isCancelled = true;
        return { status: 202, body: { status: 'CANCELLATION_REQUESTED' } };
      default:
        if (request.status !== 'COMPLETED') return { status: 400, body: { detail: 'Request is still in progress' } };
        return request.result;
    }
  };

  const server = await startLocalServer((request) => {
    if (request.path === '/.well-known/jwks.json') {
      return { status: 200, body: { keys: [strangersOwnKey, keys.publicKey.export({ format: 'jwk' })] } };
    }
    const [, name] = /^\/files\/\w+\.(\w+)$/.exec(request.path) ?? [];
    if (name !== undefined) return { status: 200, body: media[name as keyof typeof media] };
    if (request.headers.authorization !== `Key ${falKey}`) return { status: 401, body: { detail: 'Unauthorized' } };
    if (request.method === 'POST') return submit(request);
    // Its application is the first two parts of the model's id, and no more.
    const [, application, id, action] = /^\/([^/]+\/[^/]+)\/requests\/([^/]+)(?:\/(\w+))?$/.exec(request.path) ?? [];
    const known = accepted.find(
      (candidate) => candidate.id === id && application !== undefined && candidate.modelId.startsWith(application),
    );
    return known === undefined ? notFound : askedAbout(known, action);
  });

  return {
    ...server,
    accepted,
    fileUrl: (name) => `${server.url}/files/result.${name}`,
    complete: (result, id) => {
      const request = id === undefined ? accepted.at(-1) : accepted.find((candidate) => candidate.id === id);
      if (request === undefined) throw new Error('fal has no such request.');
      request.status = 'COMPLETED';
      request.result = { status: 200, body: result };
      return request;
    },
    sendWebhook: async (request, changes = {}) => {
      const requestId = changes.requestId ?? request.id;
      const body = JSON.stringify({ request_id: requestId, gateway_request_id: requestId, status: 'OK', payload: {} });
      const timestamp = String(changes.timestampSeconds ?? Math.floor(clock.now() / 1_000));
      const hash = createHash('sha256').update(body).digest('hex');
      const message = Buffer.from([requestId, 'user-1', timestamp, hash].join('\n'));
      const { privateKey } = changes.isForged === true ? strangers : keys;
      const response = await fetch(changes.url ?? request.webhookUrl ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-fal-webhook-request-id': requestId,
          'x-fal-webhook-user-id': 'user-1',
          'x-fal-webhook-timestamp': timestamp,
          'x-fal-webhook-signature': sign(null, message, privateKey).toString('hex'),
        },
        body: changes.isTampered === true ? body.replace('OK', 'ERROR') : body,
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** fal shows more keys than the one that signs. */
const strangersOwnKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
