import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { falKey, type FakeFal } from '../support/providers/fake-fal.ts';
import { type FakeGmi, gmiKey } from '../support/providers/fake-gmi.ts';
import { type FakeGroq, groqKey } from '../support/providers/fake-groq.ts';
import { media } from '../support/providers/media.ts';
import { startStudioWithProviders, type StudioWithProviders } from '../support/providers/studio-with-providers.ts';
import { schnell, type Studio, veo } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const publicUrl = 'https://api.studio.example';

describeOnBoth('A generation of a real provider', (kind) => {
  let started: StudioWithProviders;
  let app: TestApp;
  let studio: Studio;
  let fal: FakeFal;
  let gmi: FakeGmi;
  let groq: FakeGroq;
  let key: string;
  let accountId: string;

  beforeAll(async () => {
    started = await startStudioWithProviders(kind, { environment: { PUBLIC_URL: publicUrl } });
    ({ app, studio, fal, gmi, groq } = started);
  });
  beforeEach(async () => {
    ({ key, id: accountId } = await app.newAccount(100));
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    // G37 Keys are nowhere in the log.
    for (const secret of [falKey, gmiKey, groqKey]) expect(app.logged.join('\n')).not.toContain(secret);
    await started.close();
  });

  /** The address of a server behind `PUBLIC_URL`, as the world's way to it ends here. */
  const local = (url: string | null | undefined): string => (url ?? '').replace(publicUrl, app.url);
  const runAfter = async (ms: number): Promise<void> => {
    app.clock.advance(ms);
    await app.app.jobs.runDue();
  };

  it('G20 given a picture of fal, when it is done, then it is fetched, stored and served here before it is charged', async () => {
    const id = await studio.queue(key, schnell);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsHeld: 3, creditsCharged: 0 });
    fal.complete({ images: [{ url: fal.fileUrl('png'), width: 2, height: 2 }], seed: 7 });
    // Its file is not there yet: that passes.
    fal.faults.push({ path: /^\/files/, instead: { status: 503, body: '' } });
    await runAfter(1_000);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', creditsCharged: 0 });
    await runAfter(1_000);
    const done = await studio.generation(key, id);
    expect(done).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 3,
      output: { seed: 7 },
      assets: [{ mimeType: 'image/png' }],
    });
    const file = await fetch(local(done?.assets?.[0]?.url));
    expect(Buffer.from(await file.arrayBuffer()).equals(media.png)).toBe(true);
    // 200 - 3 = 197
    expect(await studio.wallet(key)).toEqual({ available: 197, held: 0 });
  });

  it.each([
    ['a page', 'html', 'no picture'],
    ['gone', 'none', 'HTTP'],
  ])(
    'G20 given a result that is %s, when it is fetched, then the generation fails and costs nothing',
    async (_what, name, words) => {
      const id = await studio.queue(key, schnell);
      await app.app.jobs.runDue();
      if (name === 'none') fal.faults.push({ path: /^\/files/, instead: { status: 404, body: '' } });
      fal.complete({ images: [{ url: `${fal.url}/files/result.${name === 'none' ? 'png' : name}` }] });
      await runAfter(1_000);
      expect(await studio.generation(key, id)).toMatchObject({
        status: 'FAILED',
        failure: { code: 'PROVIDER_ERROR', message: expect.stringContaining(words), retryable: true },
        creditsCharged: 0,
        assets: [],
      });
      expect(await studio.wallet(key)).toEqual({ available: 200, held: 0 });
    },
  );

  it('given a webhook of fal, when it comes, then fal is asked at once, and a second one changes nothing', async () => {
    const id = await studio.queue(key, veo);
    await app.app.jobs.runDue();
    const request = fal.complete({ video: { url: fal.fileUrl('mp4') } });
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
    expect(await fal.sendWebhook(request, { url: local(request.webhookUrl) })).toBe(200);
    // Three seconds before it would have been asked again.
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 25 });
    const before = await digestTables(app.database);
    expect(await fal.sendWebhook(request, { url: local(request.webhookUrl) })).toBe(200);
    await app.app.jobs.runDue();
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G21 given a submission whose answer was lost, when the webhook of that attempt comes, then its request is taken up and nothing is sent again', async () => {
    const id = await studio.queue(key, veo);
    fal.faults.push({ path: /veo3/, instead: 'cut', takesEffect: true });
    const sent = fal.accepted.length;
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'QUEUED', creditsHeld: 25 });
    const request = fal.complete({ video: { url: fal.fileUrl('mp4') } });
    expect(await fal.sendWebhook(request, { url: local(request.webhookUrl) })).toBe(200);
    await app.app.jobs.runDue();
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 25 });
    expect(fal.accepted.length - sent).toBe(1);
  });

  it('G21 given a webhook that comes before the submission has returned, when it returns, then it is the same request and is not cancelled', async () => {
    const id = await studio.queue(key, veo);
    let answer = (): void => {};
    fal.faults.push({ path: /veo3/, instead: new Promise<void>((resolve) => (answer = resolve)) });
    const running = app.app.jobs.runDue();
    await vi.waitFor(() => expect(fal.faults).toEqual([]), { timeout: 5_000 });
    const request = fal.complete({ video: { url: fal.fileUrl('mp4') } });
    expect(await fal.sendWebhook(request, { url: local(request.webhookUrl) })).toBe(200);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING' });
    answer();
    await running;
    expect(await studio.generation(key, id)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 25 });
    expect(request.isCancelled).toBe(false);
  });

  it.each([
    ['forged', { isForged: true }, 400],
    ['tampered with', { isTampered: true }, 400],
    ['old', { timestampSeconds: 1 }, 400],
    ['under a made-up address', { url: `/webhooks/fal/gen_${'0'.repeat(26)}.1.${'A'.repeat(43)}` }, 404],
    ['of another request', { requestId: 'req-of-somebody' }, 200],
  ])('G23 given a webhook that is %s, when it comes, then it has no effect', async (_what, changes, status) => {
    await studio.queue(key, veo);
    await app.app.jobs.runDue();
    const request = fal.complete({ video: { url: fal.fileUrl('mp4') } });
    const before = await digestTables(app.database);
    const url = 'url' in changes ? app.url + changes.url : local(request.webhookUrl);
    expect(await fal.sendWebhook(request, { ...changes, url })).toBe(status);
    await app.app.jobs.runDue();
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G20 given a generation of fal that is cancelled, when it is done all the same, then fal was told and its result is dropped', async () => {
    const id = await studio.queue(key, veo);
    await app.app.jobs.runDue();
    const request = fal.accepted.at(-1);
    expect(await studio.cancel(key, id)).toMatchObject({ status: 'CANCELED' });
    await vi.waitFor(() => expect(request?.isCancelled).toBe(true), { timeout: 5_000 });
    const done = fal.complete({ video: { url: fal.fileUrl('mp4') } });
    expect(await fal.sendWebhook(done, { url: local(done.webhookUrl) })).toBe(200);
    await app.settle(5);
    expect(await studio.generation(key, id)).toMatchObject({ status: 'CANCELED', creditsCharged: 0, assets: [] });
    expect(await studio.wallet(key)).toEqual({ available: 200, held: 0 });
  });

  it('given a film of GMI Cloud, when its queue is done, then it is stored and charged', async () => {
    const id = await studio.queue(key, { modelId: 'gmi/pixverse-v5-t2v', prompt: 'waves' });
    await app.app.jobs.runDue();
    Object.assign(gmi.accepted.at(-1) ?? {}, {
      status: 'success',
      outcome: { media_urls: [{ id: '0', url: gmi.fileUrl('mp4') }], thumbnail_image_url: gmi.fileUrl('png') },
    });
    await runAfter(4_000);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'SUCCEEDED',
      assets: [{ mimeType: 'video/mp4' }],
    });
  });

  it('given a text of Groq, when it is written, then it grows in the generation and is whole at the end', async () => {
    let goOn = (): void => {};
    groq.chat.scripts.push({
      pieces: ['Once ', 'upon a time'],
      end: 'stop',
      goOn: new Promise<void>((resolve) => (goOn = resolve)),
    });
    const id = await studio.queue(key, { modelId: 'llama-3.3-70b-versatile', prompt: 'A story' });
    await vi.waitFor(
      async () => {
        await runAfter(500);
        expect(await studio.generation(key, id)).toMatchObject({ status: 'RUNNING', text: 'Once ' });
      },
      { timeout: 5_000 },
    );
    goOn();
    await vi.waitFor(
      async () => {
        await runAfter(500);
        expect(await studio.generation(key, id)).toMatchObject({
          status: 'SUCCEEDED',
          text: 'Once upon a time',
          creditsCharged: 1,
        });
      },
      { timeout: 5_000 },
    );
  });

  it("given a Director's Cut, when its shots are there, then fal gets them as tracks, those of ours under an address that is good", async () => {
    const own = await studio.queue(key, schnell);
    await app.app.jobs.runDue();
    fal.complete({ images: [{ url: fal.fileUrl('png') }] });
    await runAfter(1_000);
    const url = (await studio.generation(key, own))?.assets?.[0]?.url ?? '';
    app.clock.advanceSeconds(3 * 24 * 60 * 60);
    expect((await fetch(local(url))).status).toBe(403);

    const assets = [
      { url, kind: 'IMAGE', durationSeconds: 2.5 },
      { url: fal.fileUrl('mp4'), kind: 'VIDEO', durationSeconds: 4 },
      { url: fal.fileUrl('mp4'), kind: 'VIDEO' },
      { url: fal.fileUrl('mp3'), kind: 'AUDIO', durationSeconds: 9 },
    ];
    const id = await studio.queue(key, { operation: 'DIRECTORS_CUT', assets });
    await app.app.jobs.runDue();
    const { modelId, input } = fal.accepted.at(-1) ?? {};
    expect([modelId, input]).toEqual([
      'fal-ai/ffmpeg-api/compose',
      {
        tracks: [
          { id: 'image', type: 'image', keyframes: [{ url: expect.any(String), timestamp: 0, duration: 2_500 }] },
          {
            id: 'video',
            type: 'video',
            keyframes: [
              { url: fal.fileUrl('mp4'), timestamp: 0, duration: 4_000 },
              { url: fal.fileUrl('mp4'), timestamp: 4_000, duration: 5_000 },
            ],
          },
          { id: 'audio', type: 'audio', keyframes: [{ url: fal.fileUrl('mp3'), timestamp: 0, duration: 9_000 }] },
        ],
      },
    ]);
    const given = (input as { tracks: { keyframes: { url: string }[] }[] }).tracks[0]?.keyframes[0]?.url;
    expect((await fetch(local(given))).status).toBe(200);
    fal.complete({ video_url: fal.fileUrl('mp4'), thumbnail_url: fal.fileUrl('png') });
    await runAfter(3_000);
    expect(await studio.generation(key, id)).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 12,
      assets: [{ mimeType: 'video/mp4' }],
    });
  });

  it("G11 given a Director's Cut with wrong shots, when it is asked for, then each is named, nothing is held and nobody is called", async () => {
    const stranger = await app.newAccount();
    const before = await digestTables(app.database);
    const sent = fal.accepted.length;
    const assets = [
      { url: fal.fileUrl('mp4'), kind: 'VIDEO' },
      { url: fal.fileUrl('mp4'), kind: 'AUDIO' },
      { url: `${fal.url}/files/result.html`, kind: 'IMAGE' },
      { url: `${fal.url}/nothing`, kind: 'VIDEO' },
      { url: 'https://127.0.0.1/a.mp4', kind: 'VIDEO' },
      { url: `${publicUrl}/assets/asset_${'0'.repeat(26)}`, kind: 'IMAGE' },
    ];
    const answer = await studio.generate(stranger.key, { operation: 'DIRECTORS_CUT', assets });
    expect(answer.__typename).toBe('InvalidInputError');
    expect(answer.issues).toEqual([
      { path: ['input', 'assets', '1', 'url'], message: 'It is a video, not audio.' },
      { path: ['input', 'assets', '2', 'url'], message: 'It is no picture, film or sound.' },
      { path: ['input', 'assets', '3', 'url'], message: 'Its server answers with HTTP 401.' },
      { path: ['input', 'assets', '4', 'url'], message: 'It is not on the public internet.' },
      { path: ['input', 'assets', '5', 'url'], message: 'There is no such file.' },
    ]);
    expect(await digestTables(app.database)).toEqual(before);
    expect(fal.accepted.length).toBe(sent);
  });

  it('G22 given a file of another account, when it is named in params, then it looks like one that is not there', async () => {
    const owner = await app.newAccount();
    const id = await studio.queue(owner.key, schnell);
    await app.app.jobs.runDue();
    fal.complete({ images: [{ url: fal.fileUrl('png') }] });
    await runAfter(1_000);
    const url = (await studio.generation(owner.key, id))?.assets?.[0]?.url ?? '';
    const input = { modelId: 'fal-ai/flux/dev/image-to-image', prompt: 'x', params: { image_url: url } };
    expect(await studio.generate(key, input)).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'params', 'image_url'], message: 'There is no such file.' }],
    });
    expect(await studio.generate(owner.key, input)).toMatchObject({ __typename: 'Generation' });
    expect(accountId).not.toBe(owner.id);
  });
});

it('given a server with one key and no sandbox, when its models are listed, then those of the others are not available, and say why', async () => {
  const app = await startTestApp('embedded', { environment: { BILLING_MODE: 'disabled', GROQ_API_KEY: groqKey } });
  const { key } = await app.newAccount();
  const { data } = await app.graphql<{
    models: { provider: string; available: boolean; unavailableReason: string | null }[];
  }>('{ models { provider available unavailableReason } }', { key });
  const reasons = new Set(
    data.models.map(({ provider, available, unavailableReason }) => `${provider} ${available} ${unavailableReason}`),
  );
  expect([...reasons].sort()).toEqual([
    'FAL false This server has no key for fal.',
    'GMI false This server has no key for GMI Cloud.',
    'GROQ true null',
  ]);
  const answer = await app.graphql<{ generate: { code: string; message: string } }>(
    'mutation { generate(input: { modelId: "fal-ai/flux/schnell", prompt: "x" }) { ... on Error { code message } } }',
    { key },
  );
  expect(answer.data.generate).toEqual({
    code: 'MODEL_UNAVAILABLE',
    message:
      'FLUX Schnell is not available at the moment. This server has no key for fal. Choose another model or try again later.',
  });
  expect((await fetch(`${app.url}/webhooks/fal/x`, { method: 'POST' })).status).toBe(404);
  await app.close();
});
