import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gmiInputOf, gmiNameOf } from '../../../src/providers/gmi/gmi-models.ts';
import { createGmiProvider } from '../../../src/providers/gmi/gmi-provider.ts';
import type { ProviderAdapter, ProviderState } from '../../../src/providers/index.ts';
import { type FakeGmi, gmiKey, type GmiRequest, startFakeGmi } from '../../support/providers/fake-gmi.ts';
import { createQuietOutgoing } from '../../support/providers/quiet-outgoing.ts';
import { createScriptedProvider } from '../../support/scripted-provider.ts';
import { createTestClock } from '../../support/test-clock.ts';
import { requestWith } from '../sandbox/request.ts';

let gmi: FakeGmi;
let provider: ProviderAdapter;
const chat = createScriptedProvider();

beforeEach(async () => {
  gmi = await startFakeGmi();
  const outgoing = createQuietOutgoing(`Bearer ${gmiKey}`, createTestClock());
  provider = createGmiProvider({ queueUrl: `${gmi.url}/queue`, outgoing, chat });
});
afterEach(() => gmi.close());

const video = { id: 'gmi/veo3', name: 'Veo 3', kind: 'VIDEO', workflow: 'text-to-video' } as const;
const request = requestWith(video, { input: { prompt: 'waves', aspect_ratio: '9:16', durationSeconds: '8' } });
const check = (): Promise<ProviderState> => provider.check('gmi-req-1', request);
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('a submission to GMI Cloud', () => {
  it('given a film, when it is submitted, then the queue has it under the name and with the inputs of GMI Cloud', async () => {
    expect(await provider.submit(request)).toEqual({ kind: 'accepted', requestId: 'gmi-req-1' });
    expect(gmi.accepted).toMatchObject([
      { model: 'veo3', payload: { prompt: 'waves', aspectRatio: '9:16', durationSeconds: '8' } },
    ]);
  });

  it('given a model that writes, when it is called, then through the chat and not the queue', async () => {
    const text = requestWith({ id: 'gmi/glm-5.1', kind: 'TEXT', workflow: 'text-to-text' });
    await provider.submit(text);
    await provider.check('chat-1', text);
    await provider.cancel('chat-1', text);
    expect([chat.submitted.length, chat.checked, chat.cancelled]).toEqual([1, ['chat-1'], ['chat-1']]);
    expect(gmi.requests).toEqual([]);
  });

  it.each([
    [
      'too many requests',
      { status: 429, headers: { 'retry-after': '2' }, body: {} },
      { kind: 'unavailable', retryAfterMs: 2_000 },
    ],
    ['a service that is down', { status: 503, body: {} }, { kind: 'unavailable', retryAfterMs: null }],
    ['a wrong key', { status: 401, body: {} }, { kind: 'failed', failure: { code: 'PROVIDER_ERROR' } }],
    [
      'inputs that it refuses',
      { status: 400, body: { error: { message: 'prompt is too long' } } },
      {
        kind: 'failed',
        failure: {
          code: 'PROVIDER_REJECTED',
          message: 'The provider refused the request: prompt is too long',
          retryable: false,
        },
      },
    ],
  ])('G21 given %s, when it is submitted, then it was certainly not accepted', async (_what, instead, submission) => {
    gmi.faults.push({ path: /./, instead });
    expect(await provider.submit(request)).toMatchObject(submission);
    expect(gmi.accepted).toEqual([]);
  });

  it.each(['cut', { status: 500, body: {} }, { status: 200, body: 'OK' }] as const)(
    'G21 given an answer that tells nothing (%j), when it is submitted, then it is sent once',
    async (instead) => {
      gmi.faults.push({ path: /./, instead, takesEffect: true });
      expect(await failureOf(provider.submit(request))).toMatchObject({ name: 'NoAnswerError' });
      expect(gmi.accepted).toHaveLength(1);
    },
  );
});

describe('a question to GMI Cloud', () => {
  let accepted: GmiRequest;
  beforeEach(async () => {
    await provider.submit(request);
    const [only] = gmi.accepted;
    if (only === undefined) throw new Error('It was not accepted.');
    accepted = only;
  });

  it('given every state in and out of order, when it is asked about, then it works until it is done, and stays so', async () => {
    for (const status of ['created', 'queued', 'dispatched', 'processing', 'queued'] as const) {
      accepted.status = status;
      expect(await check()).toEqual({ kind: 'working', progress: null, checkAfterMs: 4_000 });
    }
    accepted.status = 'success';
    accepted.outcome = {
      media_urls: [{ id: '0', url: gmi.fileUrl('mp4') }],
      video_url: `${gmi.fileUrl('mp4')}?again`,
      thumbnail_image_url: gmi.fileUrl('png'),
    };
    const done = { kind: 'succeeded', result: { assets: [{ url: gmi.fileUrl('mp4') }], text: null, output: null } };
    expect(await check()).toMatchObject(done);
    expect(await check()).toMatchObject(done);
    accepted.outcome = { video_url: gmi.fileUrl('mp4'), thumbnail_image_url: gmi.fileUrl('png') };
    expect(await check()).toMatchObject(done);
  });

  it.each([
    ['failed', 'GPU lost', 'PROVIDER_ERROR', true],
    ['failed', 'Input was rejected by content moderation', 'CONTENT_BLOCKED', false],
    ['failed', null, 'PROVIDER_ERROR', true],
    ['cancelled', null, 'PROVIDER_ERROR', true],
    ['success', null, 'PROVIDER_ERROR', true],
  ] as const)(
    'given %s with the words %s and no outcome, when it is asked about, then it failed so',
    async (status, error, code, retryable) => {
      Object.assign(accepted, { status, error });
      expect(await check()).toMatchObject({ kind: 'failed', failure: { code, retryable } });
    },
  );

  it('G21 given troubles on the way, when it is asked about, then they pass, and what makes no sense decides nothing', async () => {
    gmi.faults.push({ path: /./, instead: 'cut' }, { path: /./, instead: { status: 500, body: 'oops' } });
    expect(await check()).toMatchObject({ kind: 'working' });
    gmi.faults.push({ path: /./, instead: { status: 429, headers: { 'retry-after': '9' }, body: {} } });
    expect(await check()).toMatchObject({ kind: 'working', checkAfterMs: 9_000 });
    for (const body of ['<html>', { status: 'resting' }, []]) {
      gmi.faults.push({ path: /./, instead: { status: 200, body } });
      expect(await failureOf(check())).toMatchObject({ name: 'NoAnswerError' });
    }
    expect(await provider.check('gmi-req-9', request)).toMatchObject({ kind: 'failed', failure: { retryable: true } });
  });
});

it.each([
  ['gmi/pixverse-v5-t2v', 'pixverse-v5-t2v', { prompt: 'p' }, { prompt: 'p' }],
  ['gmi/seedream-5.0', 'seedream-5.0-lite', { num_images: 2, size: '2048x2048' }, { max_images: 2, size: '2048x2048' }],
  ['gmi/seedance-2.0-fast-i2v', 'seedance-2-0-fast-260128', { image_url: 'i' }, { first_frame: 'i' }],
  [
    'gmi/wan2.7-r2v',
    'wan2.7-r2v',
    { image_url: 'i', resolution: '1080p' },
    { reference_image: ['i'], resolution: '1080P' },
  ],
  ['gmi/kling-v3-omni', 'kling-v3-omni', { image_url: 'i' }, { image_list: [{ image_url: 'i', type: 'first_frame' }] }],
  ['gmi/deepseek-r1', 'deepseek-ai/DeepSeek-R1', { prompt: 'p' }, { prompt: 'p' }],
])(
  'given %s, when it goes to GMI Cloud, then under its name there and with its inputs',
  (modelId, name, input, sent) => {
    expect([gmiNameOf(modelId), gmiInputOf(modelId, input)]).toEqual([name, sent]);
  },
);
