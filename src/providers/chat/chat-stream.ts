import { z } from 'zod';

/** One thing that a chat completion says while it is being written (server-sent events, OpenAI's form). */
export type ChatEvent =
  | { readonly kind: 'text'; readonly text: string }
  /** It is whole; or the provider's content rules ended it. */
  | { readonly kind: 'finished'; readonly isBlocked: boolean }
  | { readonly kind: 'failed' };

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  error: z.unknown().optional(),
});

const mostLineBytes = 1_024 * 1_024;

/** Reads a chat completion from its bytes, event by event. What is no event it knows is an event that failed. */
export async function* readChatStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<ChatEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    if (rest.length > mostLineBytes) throw new Error('A line of a chat completion is too long.');
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) yield* eventsIn(line);
  }
  yield* eventsIn(rest);
}

function* eventsIn(line: string): Generator<ChatEvent> {
  // Comments, empty lines and other fields carry nothing here.
  const data = /^data: ?(.*)$/.exec(line)?.[1];
  if (data === undefined || data.trim() === '' || data.trim() === '[DONE]') return;
  const chunk = parseChunk(data);
  if (chunk === null || chunk.error !== undefined) {
    yield { kind: 'failed' };
    return;
  }
  for (const { delta, finish_reason: reason } of chunk.choices) {
    if (delta?.content) yield { kind: 'text', text: delta.content };
    if (reason != null) yield { kind: 'finished', isBlocked: reason === 'content_filter' };
  }
}

function parseChunk(data: string): z.infer<typeof chunkSchema> | null {
  try {
    const parsed = chunkSchema.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
