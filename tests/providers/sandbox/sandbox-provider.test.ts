import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createSandboxProvider,
  type JsonObject,
  type ProviderRequest,
  type ProviderResult,
  type ProviderState,
} from '../../../src/providers/index.ts';
import type { MadeAsset } from '../../../src/providers/provider.ts';
import { decodePng } from './decode-png.ts';
import { createHeldClock, requestWith } from './request.ts';

const startMs = 1_700_000_000_000;

/** Submits a request and gives a way to check it so many milliseconds later, each time in a new process. */
async function submitted(request: ProviderRequest): Promise<(afterMs: number) => Promise<ProviderState>> {
  const submission = await createSandboxProvider({ clock: createHeldClock(startMs) }).submit(request);
  if (submission.kind !== 'accepted') throw new Error(`Expected an accepted request, got ${submission.kind}.`);
  return (afterMs) =>
    createSandboxProvider({ clock: createHeldClock(startMs + afterMs) }).check(submission.requestId, request);
}

/** Runs a request to its end and gives its result, of which all files are here. */
async function resultOf(
  request: ProviderRequest,
): Promise<Omit<ProviderResult, 'assets'> & { readonly assets: readonly MadeAsset[] }> {
  const state = await (await submitted(request))(60_000);
  if (state.kind !== 'succeeded') throw new Error(`Expected a success, got ${state.kind}.`);
  const assets = state.result.assets.map((asset) => {
    if ('url' in asset) throw new Error('The sandbox left a file elsewhere.');
    return asset;
  });
  return { ...state.result, assets };
}

describe('a sandbox request in time', () => {
  it.each([
    { kind: 'IMAGE', durationMs: 1_500 },
    { kind: 'TEXT', durationMs: 1_500 },
    { kind: 'AUDIO', durationMs: 1_500 },
    { kind: 'VIDEO', durationMs: 2_500 },
  ] as const)(
    'given $kind, when checked, then it works for $durationMs ms and succeeds',
    async ({ kind, durationMs }) => {
      const checkAfter = await submitted(requestWith({ kind, workflow: 'any' }));

      expect(await checkAfter(0)).toMatchObject({ kind: 'working', progress: 0 });
      expect(await checkAfter(durationMs / 2)).toMatchObject({ kind: 'working', progress: 0.5 });
      expect(await checkAfter(durationMs - 1)).toMatchObject({ kind: 'working' });
      expect(await checkAfter(durationMs)).toMatchObject({ kind: 'succeeded' });
    },
  );

  it('given slow, when checked, then it works for 30 s, wants a check every 2 s at most, and succeeds', async () => {
    const checkAfter = await submitted(requestWith({}, { sandbox: 'slow' }));

    expect(await checkAfter(3_000)).toEqual({ kind: 'working', progress: expect.closeTo(0.1), checkAfterMs: 2_000 });
    expect(await checkAfter(29_000)).toMatchObject({ kind: 'working', checkAfterMs: 1_000 });
    expect(await checkAfter(29_999)).toMatchObject({ kind: 'working', checkAfterMs: 250 });
    expect(await checkAfter(30_000)).toMatchObject({ kind: 'succeeded' });
  });

  it('given fail, when its moment is over, then it fails with PROVIDER_ERROR and may be tried again', async () => {
    const checkAfter = await submitted(requestWith({}, { sandbox: 'fail' }));

    expect(await checkAfter(1_499)).toMatchObject({ kind: 'working' });
    expect(await checkAfter(1_500)).toMatchObject({
      kind: 'failed',
      failure: { code: 'PROVIDER_ERROR', retryable: true },
    });
  });

  it('given block, when its moment is over, then it fails with CONTENT_BLOCKED for good', async () => {
    const checkAfter = await submitted(requestWith({ kind: 'VIDEO', workflow: 'text-to-video' }, { sandbox: 'block' }));

    expect(await checkAfter(2_499)).toMatchObject({ kind: 'working' });
    expect(await checkAfter(2_500)).toMatchObject({
      kind: 'failed',
      failure: { code: 'CONTENT_BLOCKED', retryable: false },
    });
  });

  it('given hang, when checked a day later, then it still works and says no progress', async () => {
    const checkAfter = await submitted(requestWith({}, { sandbox: 'hang' }));

    expect(await checkAfter(86_400_000)).toEqual({ kind: 'working', progress: null, checkAfterMs: 2_000 });
  });

  it('given a process whose clock is behind the submitter, when it checks, then progress is 0 and not below', async () => {
    const checkAfter = await submitted(requestWith());

    expect(await checkAfter(-10_000)).toEqual({ kind: 'working', progress: 0, checkAfterMs: 2_000 });
  });

  it('given one provider whose clock moves on, when checked before and after, then it works and then succeeds', async () => {
    const clock = createHeldClock(startMs);
    const provider = createSandboxProvider({ clock });
    const submission = await provider.submit(requestWith());
    const requestId = submission.kind === 'accepted' ? submission.requestId : '';

    expect(await provider.check(requestId, requestWith())).toMatchObject({ kind: 'working' });
    clock.advance(1_500);
    expect(await provider.check(requestId, requestWith())).toMatchObject({ kind: 'succeeded' });
  });

  it('given a request id of somebody else, when checked, then it fails with PROVIDER_ERROR', async () => {
    const provider = createSandboxProvider({ clock: createHeldClock(startMs) });

    expect(await provider.check('fal-1234', requestWith())).toMatchObject({
      kind: 'failed',
      failure: { code: 'PROVIDER_ERROR' },
    });
  });

  it('given any request id, when cancelled, then nothing happens', async () => {
    const provider = createSandboxProvider({ clock: createHeldClock(startMs) });

    await expect(provider.cancel('fal-1234', requestWith())).resolves.toBeUndefined();
  });
});

describe('a sandbox result', () => {
  it('given the same generation and input, when run twice, then the results are the same to the byte', async () => {
    for (const kind of ['IMAGE', 'VIDEO', 'AUDIO', 'TEXT'] as const) {
      const request = requestWith({ kind, workflow: 'any' });

      expect(await resultOf(request)).toEqual(await resultOf(request));
    }
  });

  it('given another generation with the same input, when run, then the picture is another', async () => {
    const [first] = (await resultOf(requestWith())).assets;
    const [second] = (await resultOf(requestWith({}, { generationId: 'gen_02' }))).assets;

    expect(first?.content).not.toEqual(second?.content);
  });

  it.each([
    { input: {}, count: 1 },
    { input: { num_images: 1 }, count: 1 },
    { input: { num_images: 3 }, count: 3 },
    { input: { num_images: 4 }, count: 4 },
    { input: { num_images: 0 }, count: 1 },
    { input: { num_images: 9 }, count: 4 },
    { input: { num_images: 2.5 }, count: 1 },
    { input: { num_images: '2' }, count: 1 },
  ] satisfies { input: JsonObject; count: number }[])(
    'given an IMAGE with $input, when run, then it gives $count different PNG of 512 x 512',
    async ({ input, count }) => {
      const { assets, text, output } = await resultOf(requestWith({}, { input }));

      expect(new Set(assets.map((asset) => Buffer.from(asset.content).toString('base64'))).size).toBe(count);
      expect({ text, output }).toEqual({ text: null, output: null });
      for (const asset of assets) {
        expect(asset).toMatchObject({ mimeType: 'image/png', width: 512, height: 512, durationSeconds: null });
        expect(decodePng(asset.content)).toMatchObject({ width: 512, height: 512 });
        expect(asset.content.length).toBeLessThan(60_000);
      }
    },
  );

  it.each(['text-to-video', 'lip-sync', 'directors-cut'])(
    'given VIDEO with the workflow %s, when run, then it gives a WebM in VP8',
    async (workflow) => {
      const { assets, text, output } = await resultOf(requestWith({ kind: 'VIDEO', workflow }));
      const [asset] = assets;
      const content = Buffer.from(asset?.content ?? []);

      expect({ count: assets.length, text, output }).toEqual({ count: 1, text: null, output: null });
      expect(asset).toMatchObject({ mimeType: 'video/webm', width: 320, height: 180, durationSeconds: 3 });
      expect(content.subarray(0, 4).toString('hex')).toBe('1a45dfa3'); // the magic number of EBML
      expect(content.subarray(0, 64).includes('webm')).toBe(true);
      expect(content.includes('V_VP8')).toBe(true);
      expect(durationMsOfWebm(content)).toBe(3_000);
      expect(content.length).toBeLessThan(60_000);
    },
  );

  it.each(['text-to-speech', 'text-to-music', 'video-to-audio'])(
    'given AUDIO with the workflow %s, when run, then it gives a WAV of 2 s',
    async (workflow) => {
      const { assets, text, output } = await resultOf(requestWith({ kind: 'AUDIO', workflow }));

      expect({ count: assets.length, text, output }).toEqual({ count: 1, text: null, output: null });
      expect(assets[0]).toMatchObject({ mimeType: 'audio/wav', width: null, height: null, durationSeconds: 2 });
      expect(Buffer.from(assets[0]?.content ?? []).toString('latin1', 0, 4)).toBe('RIFF');
    },
  );

  it.each(['voice-clone', 'voice-design'])(
    'given the workflow %s, when run, then it gives a WAV and a voice id of its own',
    async (workflow) => {
      const request = requestWith({ kind: 'AUDIO', workflow });
      const { assets, output } = await resultOf(request);
      const other = await resultOf({ ...request, generationId: 'gen_02' });

      expect(assets.map((asset) => asset.mimeType)).toEqual(['audio/wav']);
      expect(output).toEqual({ voice_id: expect.stringMatching(/^sandbox_voice_[0-9a-f]{16}$/) });
      expect(other.output).not.toEqual(output);
    },
  );

  it('given speech-to-text, when run, then it gives no file but a text whose segments follow each other', async () => {
    const { assets, text, output } = await resultOf(
      requestWith(
        { name: 'Whisper', kind: 'AUDIO', workflow: 'speech-to-text' },
        { input: { audio_url: 'https://example.com/a.mp3' } },
      ),
    );

    expect(assets).toEqual([]);
    expect(text).toMatch(/^This is a transcript by Whisper in the sandbox\. /);
    expect(output).toEqual({
      segments: [
        { start: 0, end: 2.5, text: 'This is a transcript by Whisper in the sandbox.' },
        { start: 2.5, end: 5, text: expect.any(String) },
        { start: 5, end: 7.5, text: expect.any(String) },
        { start: 7.5, end: 10, text: expect.any(String) },
      ],
    });
    const segments = (output?.segments ?? []) as { text: string }[]; // Their shape is asserted just above.
    expect(new Set(segments.map((segment) => segment.text)).size).toBe(4);
    expect(segments.map((segment) => segment.text).join(' ')).toBe(text);
  });

  it('given element-creation, when run, then it gives an element id and nothing else', async () => {
    const result = await resultOf(requestWith({ kind: 'VIDEO', workflow: 'element-creation' }, { input: {} }));

    expect(result).toEqual({
      assets: [],
      text: null,
      output: { element_id: expect.stringMatching(/^sandbox_element_[0-9a-f]{16}$/) },
    });
  });

  it.each([
    { kind: 'TEXT', workflow: 'text-to-text' },
    { kind: 'IMAGE', workflow: 'image-analysis' },
  ] as const)('given $workflow, when run, then it gives only a text with the model and the prompt', async (model) => {
    const result = await resultOf(requestWith({ ...model, name: 'GLM 5.1' }));

    expect(result).toEqual({
      assets: [],
      text: 'GLM 5.1 answered in the sandbox; no real model was called. You asked: “a red fox in the snow”',
      output: null,
    });
  });

  it('given an input with text instead of a prompt, when a TEXT model runs, then it quotes the text', async () => {
    const { text } = await resultOf(
      requestWith({ kind: 'TEXT', workflow: 'text-to-text' }, { input: { text: 'hello' } }),
    );

    expect(text).toContain('“hello”');
  });

  it('given an input without a prompt, when a TEXT model runs, then it quotes nothing', async () => {
    const { text } = await resultOf(requestWith({ kind: 'TEXT', workflow: 'text-to-text' }, { input: {} }));

    expect(text).toBe('FLUX Schnell answered in the sandbox; no real model was called.');
  });

  it('given a long prompt of emoji, when quoted, then it is cut at 120 of them and none is cut in half', async () => {
    const { text } = await resultOf(
      requestWith({ kind: 'TEXT', workflow: 'text-to-text' }, { input: { prompt: '🦊'.repeat(500) } }),
    );

    expect(text).toContain(`“${'🦊'.repeat(120)}…”`);
  });
});

describe('the sandbox and the catalog', () => {
  it('given every model of the catalog, when run with its defaults, then each gives a file, a text or an output', async () => {
    const catalog = JSON.parse(readFileSync(new URL('../../../prisma/catalog.json', import.meta.url), 'utf8')) as {
      models: (ProviderRequest['model'] & { inputDefaults: JsonObject })[];
    }; // The file is data of this repository.

    expect(catalog.models.length).toBeGreaterThan(0);
    for (const { inputDefaults, ...model } of catalog.models) {
      const { assets, text, output } = await resultOf(requestWith(model, { input: inputDefaults }));

      expect(assets.length > 0 || text !== null || output !== null, model.id).toBe(true);
    }
  });
});

/** The Duration element (Matroska 0x4489) of a WebM whose timestamps are in milliseconds. */
function durationMsOfWebm(content: Buffer): number {
  const at = content.indexOf(Buffer.from([0x44, 0x89, 0x88]));
  return content.readDoubleBE(at + 3);
}
