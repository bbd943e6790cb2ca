import type { ServerResponse } from 'node:http';
import type { LocalAnswer, ReceivedRequest } from './local-server.ts';

/** What a chat completion says, piece by piece. */
export interface ChatScript {
  readonly pieces: readonly string[];
  /** How it ends: whole, blocked, with an error in its stream, with what is no JSON, or with a cut connection. */
  readonly end: 'stop' | 'content_filter' | 'error' | 'nonsense' | 'cut';
  /** It does not go on behind the first piece before this is there. */
  readonly goOn?: Promise<unknown>;
}

/** Chat completions as OpenAI documents them, streamed. */
export interface FakeChat {
  /** What the next completions say, in turn. */
  readonly scripts: ChatScript[];
  /** What was asked, each time that it was taken. */
  readonly accepted: unknown[];
  /** How many connections were closed by whoever asked. */
  readonly left: { count: number };
  answer(request: ReceivedRequest, response: ServerResponse): LocalAnswer | Promise<null>;
}

/** Makes the part of a server that answers chats for the holder of a key. */
export function createFakeChat(key: string): FakeChat {
  const scripts: ChatScript[] = [];
  const accepted: unknown[] = [];
  const left = { count: 0 };
  return {
    scripts,
    accepted,
    left,
    answer: ({ headers, body }, response) => {
      if (headers.authorization !== `Bearer ${key}`) {
        return { status: 401, body: { error: { message: `Invalid API key: ${key}`, code: 'invalid_api_key' } } };
      }
      const { model, stream } = body as { model: string; stream: boolean };
      if (model.includes('unknown') || !stream) {
        return {
          status: 404,
          body: { error: { message: `The model ${model} does not exist.`, code: 'model_not_found' } },
        };
      }
      accepted.push(body);
      response.on('close', () => {
        if (!response.writableFinished) left.count += 1;
      });
      return write(scripts.shift() ?? { pieces: ['Hello'], end: 'stop' }, response);
    },
  };
}

async function write({ pieces, end, goOn }: ChatScript, response: ServerResponse): Promise<null> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = (chunk: unknown): void => {
    response.write(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`);
  };
  const choice = (delta: object, reason: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  say(choice({ role: 'assistant', content: '' }));
  for (const [index, content] of pieces.entries()) {
    if (index === 1) await goOn;
    say(choice({ content }));
  }
  if (pieces.length < 2) await goOn;
  if (end === 'cut') {
    // What was said is out before the connection is cut.
    await new Promise((resolve) => response.write(': still there\n\n', resolve));
    response.destroy();
    return null;
  }
  if (end === 'error') say({ error: { message: 'Overloaded' } });
  else if (end === 'nonsense') say('{"choices": [');
  else {
    say(choice({}, end));
    say('[DONE]');
  }
  response.end();
  return null;
}
