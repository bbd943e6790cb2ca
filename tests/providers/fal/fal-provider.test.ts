import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFateOfRequest } from '../../../src/providers/fal/fal-failures.ts';
import { createFalProvider } from '../../../src/providers/fal/fal-provider.ts';
import type { ProviderAdapter, ProviderState } from '../../../src/providers/index.ts';
import { falKey, type FakeFal, startFakeFal } from '../../support/providers/fake-fal.ts';
import { createQuietOutgoing } from '../../support/providers/quiet-outgoing.ts';
import { createTestClock, type TestClock } from '../../support/test-clock.ts';
import { requestWith } from '../sandbox/request.ts';

let clock: TestClock;
let fal: FakeFal;
let provider: ProviderAdapter;

beforeEach(async () => {
  clock = createTestClock();
  fal = await startFakeFal(clock);
  provider = providerWith(falKey);
});
afterEach(() => fal.close());

const providerWith = (key: string): ProviderAdapter =>
  createFalProvider({
    queueUrl: fal.url,
    outgoing: createQuietOutgoing(`Key ${key}`, clock, { isAboutRequest: isFateOfRequest }),
  });

const video = { id: 'fal-ai/veo3/fast', name: 'Veo', kind: 'VIDEO', workflow: 'text-to-video' } as const;
const submit = (): ReturnType<ProviderAdapter['submit']> => provider.submit(requestWith());
const check = (): Promise<ProviderState> => provider.check('req-1', requestWith());
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('a submission to fal', () => {
  it('given a request, when it is submitted, then fal has its model, its inputs in their own form, and where to say that it is done', async () => {
    const callbackUrl = 'https://api.example/webhooks/fal/token';
    const input = { prompt: 'waves', duration_seconds: 8, aspect_ratio: '16:9' };
    expect(await provider.submit(requestWith(video, { input, callbackUrl, sandbox: 'fail' }))).toEqual({
      kind: 'accepted',
      requestId: 'req-1',
    });
    expect(fal.accepted).toMatchObject([
      {
        modelId: 'fal-ai/veo3/fast',
        input: { prompt: 'waves', duration: '8s', aspect_ratio: '16:9' },
        webhookUrl: callbackUrl,
      },
    ]);
    await submit();
    expect(fal.accepted[1]).toMatchObject({ webhookUrl: null });
  });

  it.each([429, 503])(
    'G21 given the answer %i, when it is submitted, then it was certainly not accepted',
    async (status) => {
      fal.faults.push({ path: /./, instead: { status, headers: { 'retry-after': '7' }, body: {} } });
      expect(await submit()).toEqual({ kind: 'unavailable', retryAfterMs: 7_000 });
      expect(fal.requests).toHaveLength(1);
    },
  );

  it('G21 given fal out of reach, when it is submitted, then it was certainly not accepted', async () => {
    await fal.close();
    expect(await submit()).toEqual({ kind: 'unavailable', retryAfterMs: null });
  });

  it.each([
    ['a cut connection', 'cut'],
    ['an error of a gateway', { status: 502, body: 'Bad gateway' }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['an answer without an id', { status: 200, body: { status: 'IN_QUEUE' } }],
  ] as const)(
    'G21 given %s, when it is submitted, then its fate is unknown and it is sent once',
    async (_what, instead) => {
      fal.faults.push({ path: /./, instead, takesEffect: true });
      expect(await failureOf(submit())).toMatchObject({ name: 'NoAnswerError' });
      expect(fal.accepted).toHaveLength(1);
    },
  );

  it('given a wrong key, when it is submitted, then it fails without showing anything of the key', async () => {
    provider = providerWith('not-the-key');
    expect(await submit()).toMatchObject({ kind: 'failed', failure: { code: 'PROVIDER_ERROR', retryable: true } });
  });

  it('given inputs that the model refuses, when it is submitted, then its reason is told', async () => {
    const detail = [{ loc: ['body', 'image_url'], msg: 'field required', type: 'missing' }];
    fal.faults.push({ path: /./, instead: { status: 422, body: { detail } } });
    expect(await submit()).toEqual({
      kind: 'failed',
      failure: {
        code: 'PROVIDER_REJECTED',
        message: 'The provider refused the request: image_url: field required',
        retryable: false,
      },
    });
  });
});

describe('a question to fal', () => {
  beforeEach(submit);

  it('given a request that waits, works, seems to wait again and is done, when it is asked about, then it works until it is done', async () => {
    const [request] = fal.accepted;
    for (const status of ['IN_QUEUE', 'IN_PROGRESS', 'IN_QUEUE'] as const) {
      if (request !== undefined) request.status = status;
      expect(await check()).toEqual({ kind: 'working', progress: null, checkAfterMs: 1_000 });
    }
    const images = [
      { url: fal.fileUrl('png'), width: 1_024, height: 768, content_type: 'image/png' },
      { url: `${fal.fileUrl('png')}?2`, width: null },
    ];
    fal.complete({ images, seed: 7, has_nsfw_concepts: [false] });
    const done = {
      kind: 'succeeded',
      result: {
        assets: [
          { url: fal.fileUrl('png'), width: 1_024, height: 768, durationSeconds: null },
          { url: `${fal.fileUrl('png')}?2`, width: null, height: null, durationSeconds: null },
        ],
        text: null,
        output: { seed: 7, has_nsfw_concepts: [false] },
      },
    };
    expect(await check()).toEqual(done);
    expect(await check()).toEqual(done);
    expect(fal.requests.map(({ path }) => path).slice(-2)).toEqual([
      '/fal-ai/flux/requests/req-1/status',
      '/fal-ai/flux/requests/req-1',
    ]);
  });

  it('given a result that is not there yet although it is said to be, when it is asked about, then it still works', async () => {
    fal.complete({});
    fal.faults.push({ path: /req-1$/, instead: { status: 400, body: { detail: 'Request is still in progress' } } });
    expect(await check()).toMatchObject({ kind: 'working' });
  });

  const issue = (type: string): object => ({ detail: [{ loc: ['body', 'prompt'], msg: 'Flagged.', type }] });

  it.each([
    ['blocked content', 422, {}, issue('content_policy_violation'), 'CONTENT_BLOCKED', false],
    ['inputs that it refuses', 422, {}, issue('string_too_long'), 'PROVIDER_REJECTED', false],
    [
      'an input that may do later',
      422,
      { 'x-fal-retryable': 'true' },
      issue('file_download_error'),
      'PROVIDER_ERROR',
      true,
    ],
    [
      'a model that failed',
      500,
      { 'x-fal-retryable': 'true' },
      { detail: 'Internal Server Error' },
      'PROVIDER_ERROR',
      true,
    ],
    [
      'a model that took too long',
      504,
      { 'x-fal-retryable': 'true' },
      issue('generation_timeout'),
      'PROVIDER_TIMEOUT',
      true,
    ],
    ['a runner that was lost', 503, { 'x-fal-error-type': 'runner_disconnected' }, {}, 'PROVIDER_ERROR', true],
    ['a runner that did not start', 504, { 'x-fal-error-type': 'startup_timeout' }, {}, 'PROVIDER_TIMEOUT', true],
    ['a request that fal forgot', 404, {}, { detail: 'Not found' }, 'PROVIDER_ERROR', true],
    ['nothing at all', 200, {}, {}, 'PROVIDER_ERROR', true],
    ['no picture', 200, {}, { images: [], seed: 7 }, 'PROVIDER_ERROR', true],
  ] as const)(
    'given %s, when the result is fetched, then it failed so',
    async (_what, status, headers, body, code, retryable) => {
      fal.complete({}).result = { status, headers, body };
      expect(await check()).toMatchObject({ kind: 'failed', failure: { code, retryable } });
      expect(fal.requests.filter(({ path }) => path.endsWith('req-1'))).toHaveLength(1);
    },
  );

  it.each([
    ['status', /status$/],
    ['result', /req-1$/],
  ])(
    'G21 given troubles on the way to the %s, when it is asked about, then they pass and the result counts',
    async (_what, path) => {
      fal.complete({ video: { url: fal.fileUrl('mp4') } });
      fal.faults.push({ path, instead: 'cut' }, { path, instead: { status: 502, body: 'Bad gateway' } });
      expect(await check()).toMatchObject({ kind: 'succeeded', result: { assets: [{ url: fal.fileUrl('mp4') }] } });
    },
  );

  it.each([
    ['status', /status$/, { status: 200, body: 'IN_QUEUE' }],
    ['status', /status$/, { status: 200, body: { status: 'PONDERING' } }],
    ['result', /req-1$/, { status: 200, body: '{"images": [' }],
    ['result', /req-1$/, { status: 502, body: 'Bad gateway' }],
  ])(
    'G21 given a %s that makes no sense, when it is asked about, then nothing is decided',
    async (_what, path, instead) => {
      fal.complete({ images: [] });
      for (let count = 0; count < 3; count += 1) fal.faults.push({ path, instead });
      expect(await failureOf(check())).toMatchObject({ name: 'NoAnswerError' });
    },
  );

  it('given fal that is asked too often, when it is asked about, then it is asked again when fal says so', async () => {
    fal.faults.push({ path: /status$/, instead: { status: 429, headers: { 'retry-after': '30' }, body: {} } });
    expect(await check()).toEqual({ kind: 'working', progress: null, checkAfterMs: 30_000 });
  });

  it('given a request that nobody waits for, when it is cancelled, then fal is told; one that is done is no trouble', async () => {
    await provider.cancel('req-1', requestWith());
    expect(fal.accepted[0]?.isCancelled).toBe(true);
    fal.complete({});
    await provider.cancel('req-1', requestWith());
    await provider.cancel('req-9', requestWith());
  });
});
