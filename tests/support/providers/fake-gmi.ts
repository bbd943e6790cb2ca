import { createFakeChat, type FakeChat } from './fake-chat.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { media } from './media.ts';

export const gmiKey = 'gmi-key-secret';

/** A request as GMI Cloud's queue has it; tests change it. */
export interface GmiRequest {
  readonly id: string;
  readonly model: string;
  readonly payload: unknown;
  status: 'created' | 'queued' | 'dispatched' | 'processing' | 'success' | 'failed' | 'cancelled';
  outcome: unknown;
  error: string | null;
}

/** GMI Cloud as it is documented: its request queue at `/queue`, its chats at `/v1`. */
export interface FakeGmi extends LocalServer {
  readonly accepted: GmiRequest[];
  readonly chat: FakeChat;
  fileUrl(name: keyof typeof media): string;
}

/** Starts GMI Cloud on a free port. */
export async function startFakeGmi(): Promise<FakeGmi> {
  const accepted: GmiRequest[] = [];
  const chat = createFakeChat(gmiKey);
  const server = await startLocalServer((request, response) => {
    const [, name] = /^\/files\/\w+\.(\w+)$/.exec(request.path) ?? [];
    if (name !== undefined) return { status: 200, body: media[name as keyof typeof media] };
    if (request.path === '/v1/chat/completions') return chat.answer(request, response);
    if (request.headers.authorization !== `Bearer ${gmiKey}`) return { status: 401, body: { error: 'unauthorized' } };
    if (request.method === 'POST' && request.path === '/queue/requests') {
      const { model, payload } = request.body as { model: string; payload: unknown };
      const id = `gmi-req-${accepted.length + 1}`;
      accepted.push({ id, model, payload, status: 'created', outcome: null, error: null });
      return { status: 200, body: { request_id: id, status: 'created', model } };
    }
    const known = accepted.find(({ id }) => request.path === `/queue/requests/${id}`);
    if (known === undefined) return { status: 404, body: { error: 'request not found' } };
    const { id, model, status, outcome, error } = known;
    return { status: 200, body: { request_id: id, model, status, outcome, ...(error === null ? {} : { error }) } };
  });
  return { ...server, accepted, chat, fileUrl: (name) => `${server.url}/files/result.${name}` };
}
