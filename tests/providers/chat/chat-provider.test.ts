import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ChatProvider, createChatProvider } from '../../../src/providers/chat/chat-provider.ts';
import type { ProviderState } from '../../../src/providers/index.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../../support/databases.ts';
import { type FakeGroq, groqKey, startFakeGroq } from '../../support/providers/fake-groq.ts';
import { createQuietOutgoing } from '../../support/providers/quiet-outgoing.ts';
import { createTestClock, type TestClock } from '../../support/test-clock.ts';
import { requestWith } from '../sandbox/request.ts';

describeOnBoth('A chat', (kind) => {
  let database: TestDatabase;
  let groq: FakeGroq;
  let clock: TestClock;
  let provider: ChatProvider;
  /** Another process. */
  let other: ChatProvider;

  beforeEach(async () => {
    database = await openTestDatabase(kind);
    groq = await startFakeGroq();
    clock = createTestClock();
    [provider, other] = [startProcess(), startProcess()];
  });
  afterEach(async () => {
    await provider.close();
    await groq.close();
    await database.database.close();
  });

  const startProcess = (key = groqKey): ChatProvider =>
    createChatProvider({
      baseUrl: `${groq.url}/openai/v1`,
      outgoing: createQuietOutgoing(`Bearer ${key}`, clock),
      database: database.database,
      clock,
      nameOf: (id) => id,
      onError: () => {},
    });
  const request = requestWith(
    { id: 'llama-3.1-8b-instant', name: 'Llama', kind: 'TEXT', workflow: 'text-to-text' },
    { generationId: 'gen_1', input: { prompt: 'A haiku' } },
  );
  const requestId = 'chat_gen_1';
  const stateBy = async (process: ChatProvider, wanted: ProviderState['kind']): Promise<ProviderState> =>
    vi.waitFor(
      async () => {
        const state = await process.check(requestId, request);
        expect(state.kind).toBe(wanted);
        return state;
      },
      { timeout: 5_000 },
    );

  it('given a chat, when it is submitted, then it is asked with the prompt, its text grows for all processes, and is whole at the end', async () => {
    let goOn = (): void => {};
    groq.chat.scripts.push({
      pieces: ['An old ', 'silent pond\u0000 ', '🐸'],
      end: 'stop',
      goOn: new Promise<void>((resolve) => (goOn = resolve)),
    });
    expect(await provider.submit(request)).toEqual({ kind: 'accepted', requestId });
    expect(groq.requests[0]?.body).toEqual({
      model: 'llama-3.1-8b-instant',
      messages: [{ role: 'user', content: 'A haiku' }],
      stream: true,
    });
    for (const process of [provider, other]) {
      await vi.waitFor(
        async () => {
          const state = await process.check(requestId, request);
          expect(state).toEqual({ kind: 'working', progress: null, text: 'An old ', checkAfterMs: 500 });
        },
        { timeout: 5_000 },
      );
    }
    goOn();
    for (const process of [provider, other]) {
      expect(await stateBy(process, 'succeeded')).toMatchObject({
        result: { text: 'An old silent pond 🐸', assets: [] },
      });
    }
    expect(groq.requests).toHaveLength(1);
  });

  it.each([
    ['content_filter', 'CONTENT_BLOCKED', false],
    ['error', 'PROVIDER_ERROR', true],
    ['nonsense', 'PROVIDER_ERROR', true],
    ['cut', 'PROVIDER_ERROR', true],
  ] as const)(
    'given a chat that ends with %s, when it is asked about, then it failed so, for all processes',
    async (end, code, retryable) => {
      groq.chat.scripts.push({ pieces: ['Half an ans'], end });
      await provider.submit(request);
      for (const process of [other, provider]) {
        expect(await stateBy(process, 'failed')).toMatchObject({ failure: { code, retryable } });
      }
      expect(groq.requests).toHaveLength(1);
    },
  );

  it('given a chat that says nothing, when it has ended, then it failed', async () => {
    groq.chat.scripts.push({ pieces: [], end: 'stop' });
    await provider.submit(request);
    expect(await stateBy(other, 'failed')).toMatchObject({ failure: { code: 'PROVIDER_ERROR' } });
  });

  it('G21 given a process that died while it listened, when half a minute is over, then the chat is lost and nobody sends it again', async () => {
    // It has written once, and will never again.
    await database.database.prisma.chatRun.create({
      data: { requestId, text: 'Half', heardAt: new Date(clock.now()) },
    });
    clock.advanceSeconds(30);
    expect(await other.check(requestId, request)).toMatchObject({ kind: 'working', text: 'Half' });
    clock.advanceSeconds(1);
    expect(await other.check(requestId, request)).toMatchObject({ kind: 'failed', failure: { retryable: true } });
    expect(groq.requests).toEqual([]);
  });

  it.each<[string, () => void, object]>([
    ['too many requests', () => fault(429, { 'retry-after': '3' }), { kind: 'unavailable', retryAfterMs: 3_000 }],
    ['a service that is down', () => fault(503), { kind: 'unavailable', retryAfterMs: null }],
    ['an error', () => fault(500), { kind: 'failed', failure: { code: 'PROVIDER_ERROR', retryable: true } }],
    [
      'a prompt that is too long',
      () => fault(413, {}, { error: { message: 'Request too large', code: 'too_large' } }),
      {
        kind: 'failed',
        failure: { code: 'PROVIDER_REJECTED', message: 'The provider refused the request: Request too large' },
      },
    ],
    [
      'a prompt that it blocks',
      () => fault(400, {}, { error: { code: 'content_filter' } }),
      { failure: { code: 'CONTENT_BLOCKED' } },
    ],
  ])('G21 given %s, when it is submitted, then it was not accepted', async (_what, misbehave, submission) => {
    misbehave();
    expect(await provider.submit(request)).toMatchObject(submission);
    expect(await other.check(requestId, request)).toMatchObject({ kind: 'failed' });
  });
  const fault = (status: number, headers: Record<string, string> = {}, body: unknown = {}): void => {
    groq.faults.push({ path: /./, instead: { status, headers, body } });
  };

  it('G37 given a wrong key, when it is submitted, then its words, which show a key, are not told', async () => {
    const submission = await startProcess('gsk_wrong-key').submit(request);
    expect(submission).toMatchObject({ kind: 'failed', failure: { code: 'PROVIDER_ERROR' } });
    expect(JSON.stringify(submission)).not.toContain('key');
  });

  it('given a chat that nobody waits for, when another process cancels it, then the one that listens hangs up', async () => {
    groq.chat.scripts.push({ pieces: ['a', 'b'], end: 'stop', goOn: new Promise(() => {}) });
    await provider.submit(request);
    await other.cancel(requestId, request);
    await vi.waitFor(() => expect(groq.chat.left.count).toBe(1), { timeout: 5_000 });
    expect(await stateBy(other, 'failed')).toMatchObject({ failure: { retryable: false } });
  });

  it('given a process that stops, when its chats are under way, then they come to their end first', async () => {
    let goOn = (): void => {};
    groq.chat.scripts.push({ pieces: ['a', 'b'], end: 'stop', goOn: new Promise<void>((resolve) => (goOn = resolve)) });
    await provider.submit(request);
    const closed = provider.close();
    goOn();
    await closed;
    expect(await other.check(requestId, request)).toMatchObject({ kind: 'succeeded', result: { text: 'ab' } });
  });
});
