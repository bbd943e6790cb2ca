import { createFakeChat, type FakeChat } from './fake-chat.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

export const groqKey = 'gsk_groq-key-secret';

/** Groq as it is documented. */
export interface FakeGroq extends LocalServer {
  readonly chat: FakeChat;
}

/** Starts Groq on a free port. */
export async function startFakeGroq(): Promise<FakeGroq> {
  const chat = createFakeChat(groqKey);
  const server = await startLocalServer((request, response) =>
    request.path === '/openai/v1/chat/completions'
      ? chat.answer(request, response)
      : { status: 404, body: { error: { message: 'Unknown request URL' } } },
  );
  return { ...server, chat };
}
