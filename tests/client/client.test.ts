import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CancelSubscriptionDocument,
  ChangePlanDocument,
  CheckoutDocument,
  ClientError,
  CreateCheckoutDocument,
  createClient,
  CreatePortalSessionDocument,
  GenerateDocument,
  GenerationDocument,
  GenerationUpdatedDocument,
  InvoicesDocument,
  PreviewPlanChangeDocument,
  ResumeSubscriptionDocument,
  SubscriptionDocument,
  uploadFile,
  WalletDocument,
  WalletUpdatedDocument,
} from '../../src/client/index.ts';
import { media } from '../support/providers/media.ts';
import { sessionIn, stripeOf } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('the typed client', () => {
  let testApp: TestApp;

  beforeAll(async () => {
    testApp = await startTestApp('embedded');
  });
  afterAll(() => testApp.close());

  const newClient = async (): Promise<ReturnType<typeof createClient>> => {
    const { key } = await testApp.newAccount();
    return createClient({ url: `${testApp.url}/graphql`, apiKey: key });
  };

  it('given a picture, when it is uploaded, then its address is named in a call; a text of that name is refused', async () => {
    const client = await newClient();
    const url = await uploadFile(client, 'IMAGE', new Blob([new Uint8Array(media.png)]));
    const input = { modelId: 'fal-ai/flux/dev/image-to-image', prompt: 'in oil', params: { image_url: url } };
    expect((await client.execute(GenerateDocument, { input })).generate).toMatchObject({ status: 'QUEUED' });
    await expect(uploadFile(client, 'IMAGE', new Blob(['no picture']))).rejects.toMatchObject({
      name: 'ClientError',
      status: 415,
      message: 'This is no image, video or audio of a type that is known here.',
    });
    await expect(uploadFile(client, 'TEXT', new Blob(['a text']))).rejects.toThrow(ClientError);
  });

  it('given 100 credits, when an image of 4 is generated, then 100 - 4 = 96 are left and the result has its file', async () => {
    const client = await newClient();
    const { generate } = await client.execute(GenerateDocument, { input: { kind: 'IMAGE', prompt: 'a fox' } });
    if (generate.__typename !== 'Generation') throw new Error(generate.message);
    expect(generate).toMatchObject({ status: 'QUEUED', creditsHeld: 4, creditsCharged: 0, replayed: false });

    await testApp.settle();
    const { generation } = await client.execute(GenerationDocument, { id: generate.id });
    expect(generation).toMatchObject({ status: 'SUCCEEDED', creditsHeld: 0, creditsCharged: 4, failure: null });
    const file = await fetch(generation?.assets[0]?.url ?? '');
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'image/png']);
    const { wallet } = await client.execute(WalletDocument);
    expect(wallet).toMatchObject({ available: 96, held: 0, topUp: 96 });
  });

  it('given 100 credits, when a film of 50 is asked for a third time, then the type tells what is missing', async () => {
    const client = await newClient();
    const film = { input: { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'a fox' } };
    await client.execute(GenerateDocument, film);
    await client.execute(GenerateDocument, film);
    const { generate } = await client.execute(GenerateDocument, film);
    expect(generate).toMatchObject({
      __typename: 'InsufficientCreditsError',
      required: 50,
      available: 0,
      shortfall: 50,
      suggestedPack: { code: 'pack_100' },
    });
  });

  it('given a signed-in buyer, when a checkout is created, then it has an address and a price', async () => {
    const client = await newClient();
    const { createCheckout } = await client.execute(CreateCheckoutDocument, {
      input: { mode: 'PACK', packCode: 'pack_500' },
    });
    expect(createCheckout).toMatchObject({ __typename: 'Checkout', credits: 500, price: { formatted: '$50.00' } });
  });

  it('given a plan, when a front end sells, changes, ends, resumes and bills it, then each operation tells what it needs', async () => {
    const client = await newClient();
    expect(await client.execute(SubscriptionDocument)).toEqual({ subscription: null });
    const { createCheckout } = await client.execute(CreateCheckoutDocument, {
      input: { mode: 'SUBSCRIPTION', planCode: 'pro' },
    });
    if (createCheckout.__typename !== 'Checkout') throw new Error(createCheckout.message);
    const { id } = createCheckout;
    expect((await client.execute(CheckoutDocument, { id })).checkout).toMatchObject({
      progress: 'WAITING_FOR_PAYMENT',
      creditsGranted: 0,
    });
    await stripeOf(testApp).pay(sessionIn(createCheckout.url));
    await testApp.app.jobs.runDue();
    expect((await client.execute(CheckoutDocument, { id })).checkout).toMatchObject({
      progress: 'CREDITED',
      creditsGranted: 2_000,
    });
    expect((await client.execute(SubscriptionDocument)).subscription).toMatchObject({
      status: 'ACTIVE',
      interval: 'MONTH',
      plan: { code: 'pro' },
    });

    const { previewPlanChange } = await client.execute(PreviewPlanChangeDocument, { planCode: 'business' });
    expect(previewPlanChange).toMatchObject({ __typename: 'PlanChange', creditsNow: 8_000 }); // 10,000 - 2,000
    const { changePlan } = await client.execute(ChangePlanDocument, { input: { planCode: 'business' } });
    expect(changePlan).toMatchObject({ ...previewPlanChange, subscription: { plan: { code: 'business' } } });
    const { cancelSubscription } = await client.execute(CancelSubscriptionDocument, { input: {} });
    expect(cancelSubscription).toMatchObject({ __typename: 'PlanSubscription', cancelAtPeriodEnd: true });
    const { resumeSubscription } = await client.execute(ResumeSubscriptionDocument);
    expect(resumeSubscription).toMatchObject({ __typename: 'PlanSubscription', cancelAtPeriodEnd: false });

    const { createPortalSession } = await client.execute(CreatePortalSessionDocument);
    expect(createPortalSession).toMatchObject({ __typename: 'PortalSession', url: expect.stringMatching(/^http/) });
    const { invoices } = await client.execute(InvoicesDocument, { first: 1 });
    expect(invoices).toMatchObject({ nodes: [{ status: 'paid' }], pageInfo: { hasNextPage: true } });
  });

  it('given a generation, when it is watched over connections that break off after each event, then each state comes once and the loop ends', async () => {
    const { key } = await testApp.newAccount();
    let connections = 0;
    const breaking: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
      connections += 1;
      return new Response(response.body?.pipeThrough(untilFirstEvent()), response);
    };
    const client = createClient({ url: `${testApp.url}/graphql`, apiKey: key, fetch: breaking });
    const { generate } = await client.execute(GenerateDocument, { input: { kind: 'TEXT', prompt: 'a fox' } });
    if (generate.__typename !== 'Generation') throw new Error(generate.message);
    const states: string[] = [];
    for await (const { generationUpdated } of client.subscribe(GenerationUpdatedDocument, { id: generate.id })) {
      states.push(generationUpdated.status);
      if (states.length === 1) await testApp.app.jobs.runDue();
      else await testApp.settle();
    }
    expect(states).toEqual(['QUEUED', 'RUNNING', 'SUCCEEDED']);
    expect(connections).toBeGreaterThanOrEqual(3);
    await expect.poll(() => testApp.app.services.changes.watching()).toBe(0);
  });

  it('given a wallet that is watched, when the loop is left or the signal says so, then the server forgets it', async () => {
    const client = await newClient();
    for await (const { walletUpdated } of client.subscribe(WalletUpdatedDocument, {})) {
      expect(walletUpdated).toMatchObject({ available: 100, held: 0 });
      break;
    }
    const ending = new AbortController();
    let told = 0;
    for await (const _ of client.subscribe(WalletUpdatedDocument, {}, { signal: ending.signal })) {
      told += 1;
      setTimeout(() => ending.abort(), 50);
    }
    expect(told).toBe(1);
    await expect.poll(() => testApp.app.services.changes.watching()).toBe(0);
  });

  it('given a generation of another account, when it is watched, then the loop throws with the code', async () => {
    const client = await newClient();
    const watch = async (): Promise<void> => {
      for await (const _ of client.subscribe(GenerationUpdatedDocument, { id: 'gen_none' }));
    };
    await expect(watch()).rejects.toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    const stranger = createClient({ url: `${testApp.url}/graphql`, apiKey: 'wzrd_nobody' });
    const knock = async (): Promise<void> => {
      for await (const _ of stranger.subscribe(WalletUpdatedDocument, {}));
    };
    await expect(knock()).rejects.toMatchObject({ status: 401 });
  });

  it('given no key, when the wallet is asked for, then the error has the code', async () => {
    const client = createClient({ url: `${testApp.url}/graphql` });
    const failure = await client.execute(WalletDocument).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ClientError);
    expect(failure).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('given a wrong key, when anything is asked for, then the status is 401', async () => {
    const client = createClient({ url: `${testApp.url}/graphql`, apiKey: 'wzrd_nobody' });
    await expect(client.execute(WalletDocument)).rejects.toMatchObject({ status: 401 });
  });
});

/** Lets a stream through until an event has come. */
function untilFirstEvent(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  return new TransformStream({
    transform: (chunk, controller) => {
      controller.enqueue(chunk);
      if (decoder.decode(chunk).includes('event: next')) controller.terminate();
    },
  });
}
