import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type BillingApp,
  createCheckout,
  eventBody,
  type OpenCheckout,
  openCheckout,
  readCheckout,
  readWallet,
  sendToWebhook,
  sign,
  startBillingApp,
} from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';
import type { FakeSession } from '../support/fake-stripe.ts';
import { adminKey } from '../support/test-app.ts';

const pack = { mode: 'PACK', packCode: 'pack_100' };
const welcome = 100;

describeOnBoth("Stripe's events", (kind) => {
  let app: BillingApp;
  let key: string;
  beforeAll(async () => {
    app = await startBillingApp(kind);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ({ key } = await app.newAccount());
  });

  const runJobs = (): Promise<number> => app.app.jobs.runDue();
  const available = async (): Promise<number> => (await readWallet(app, key)).available;
  const eventState = async (id: string): Promise<string | null> =>
    (await app.database.prisma.stripeEvent.findUnique({ where: { id } }))?.state ?? null;
  /** A pack of 100 credits that was paid at Stripe; nobody has told us. */
  const buyPack = async (): Promise<{ checkout: OpenCheckout; sessionId: string }> => {
    const checkout = await openCheckout(app, key, pack);
    return { checkout, sessionId: app.changeSession(checkout, { status: 'complete', payment_status: 'paid' }) };
  };

  test('G23 given a signature that is missing, wrong, of another body or secret, or 301 s old, when an event comes, then it is refused and has no effect', async () => {
    const { sessionId } = await buyPack();
    const body = eventBody(sessionId);
    const signatures: [string, string | null][] = [
      ['missing', null],
      ['empty', ''],
      ['no signature at all', 'hello'],
      ['without its time', sign(body).replace(/^t=\d+,/, '')],
      ['without a known scheme', sign(body).replace('v1=', 'v0=')],
      ['of another secret', sign(body, { secret: 'whsec_of_somebody_else' })],
      ['of another body', sign(eventBody('cs_test_other'))],
      ['with another time', sign(body).replace(/^t=\d+/, 't=1')],
      ['301 s old', sign(body, { ageSeconds: 301 })],
      ['a day old', sign(body, { ageSeconds: 86_400 })],
    ];
    for (const [name, signature] of signatures) {
      const { status, body: answer } = await sendToWebhook(app, body, signature);
      expect([name, status, Object.keys(answer).sort()]).toEqual([name, 400, ['details', 'error', 'timestamp']]);
    }
    expect(await runJobs()).toBe(0);
    expect(await available()).toBe(welcome);
    expect(await app.database.prisma.stripeEvent.count({ where: { objectId: sessionId } })).toBe(0);
  });

  test('G23 given a signature of 290 s ago, when the event comes, then it is still good', async () => {
    const { sessionId } = await buyPack();
    const body = eventBody(sessionId);
    expect(await sendToWebhook(app, body, sign(body, { ageSeconds: 290 }))).toMatchObject({ status: 200 });
    await runJobs();
    expect(await available()).toBe(welcome + 100);
  });

  test('G23 given an event that was captured, when it is replayed byte for byte, then it has no effect', async () => {
    const { sessionId } = await buyPack();
    const body = eventBody(sessionId, { id: `evt_captured_${kind}` });
    const signature = sign(body);
    const answer = {
      success: true,
      received: true,
      event_id: `evt_captured_${kind}`,
      event_type: 'checkout.session.completed',
    };
    for (let time = 0; time < 3; time += 1) {
      expect(await sendToWebhook(app, body, signature)).toEqual({ status: 200, body: answer });
      await runJobs();
      expect(await available()).toBe(welcome + 100);
    }
  });

  test.each([
    ['no JSON', '{"id":'],
    ['null', 'null'],
    ['a number', '7'],
    ['an array', '[]'],
    ['an event without its object', '{"id":"evt_1","type":"charge.refunded","created":1,"livemode":false}'],
    [
      'an event whose data is null',
      '{"id":"evt_1","type":"charge.refunded","created":1,"livemode":false,"data":{"object":null}}',
    ],
    ['an event without its time', '{"id":"evt_1","type":"x","livemode":false,"data":{"object":{"id":"x"}}}'],
    ['an event without an id', '{"type":"charge.refunded","created":1,"livemode":false,"data":{"object":{}}}'],
    [
      'an event whose id is U+0000',
      '{"id":"\\u0000","type":"x","created":1,"livemode":false,"data":{"object":{"id":"x"}}}',
    ],
    ['an empty body', ''],
  ])('given a body that is %s, though signed, when it comes, then it is refused with 400', async (_name, body) => {
    expect(await sendToWebhook(app, body, sign(body))).toMatchObject({ status: 400 });
  });

  test('given a method other than POST, when the webhook is asked, then it is 405', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${app.url}/functions/v1/billing-webhook`, { method });
      expect([method, response.status]).toEqual([method, 405]);
    }
  });

  test('G24 given one event 20 times at once and again later, when all jobs have run, then there is one grant', async () => {
    const { sessionId, checkout } = await buyPack();
    const body = eventBody(sessionId);
    const send = () => sendToWebhook(app, body, sign(body));
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    await Promise.all([runJobs(), runJobs(), runJobs()]);
    expect(await available()).toBe(welcome + 100);
    app.clock.advanceSeconds(3_600);
    await send();
    await runJobs();
    expect(await available()).toBe(welcome + 100);
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED', creditsGranted: 100 });
  });

  test('G24 given 20 different events about one payment at once, when all jobs have run, then there is one grant', async () => {
    const { sessionId } = await buyPack();
    const types = ['checkout.session.completed', 'checkout.session.async_payment_succeeded'];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => app.tellOf(sessionId, { type: types[index % 2] ?? '' })),
    );
    await Promise.all([runJobs(), runJobs(), runJobs()]);
    expect(await readWallet(app, key)).toMatchObject({
      available: welcome + 100,
      grants: { nodes: expect.objectContaining({ length: 2 }) },
    });
    expect(
      await app.database.prisma.stripeEvent.groupBy({ by: ['state'], where: { objectId: sessionId }, _count: true }),
    ).toEqual([{ state: 'APPLIED', _count: 20 }]);
  });

  test('G24 given two payments of one account at once, when their events come, then there are two grants', async () => {
    const small = await buyPack();
    const large = await openCheckout(app, key, { mode: 'PACK', packCode: 'pack_500' });
    const largeId = app.changeSession(large, { status: 'complete', payment_status: 'paid' });
    await Promise.all([app.tellOf(small.sessionId), app.tellOf(largeId)]);
    await runJobs();
    // 100 + 100 + 500.
    expect(await available()).toBe(700);
  });

  test('G25 given success told before completion, and an expiry that is long past, when the events come in any order, then the rows are the same', async () => {
    const types = ['completed', 'async_payment_succeeded', 'async_payment_failed', 'expired', 'completed'];
    const rotations = types.map((_, start) => [...types.slice(start), ...types.slice(0, start)]);
    for (const order of rotations) {
      ({ key } = await app.newAccount());
      const { sessionId, checkout } = await buyPack();
      for (const type of order) await app.tellOf(sessionId, { type: `checkout.session.${type}` });
      await runJobs();
      // What the events say does not matter: Stripe says now that it is paid.
      expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED', creditsGranted: 100 });
      expect(await available()).toBe(welcome + 100);
    }
  });

  test('G26 given a session that is complete but unpaid, when its event comes, then nothing is granted until the money is there', async () => {
    const checkout = await openCheckout(app, key, pack);
    const sessionId = app.changeSession(checkout, { status: 'complete', payment_status: 'unpaid' });
    await app.tellOf(sessionId);
    await runJobs();
    expect(await available()).toBe(welcome);
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'CREATED', creditsGranted: 0 });

    app.changeSession(checkout, { payment_status: 'paid' });
    await app.tellOf(sessionId, { type: 'checkout.session.async_payment_succeeded' });
    await runJobs();
    expect(await available()).toBe(welcome + 100);
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED', creditsGranted: 100 });
  });

  test('G26 given a delayed payment that fails, when its event comes, then the checkout has failed; money that comes after all still counts', async () => {
    const checkout = await openCheckout(app, key, pack);
    const sessionId = app.changeSession(checkout, { status: 'complete', payment_status: 'unpaid', hasFailed: true });
    await app.tellOf(sessionId, { type: 'checkout.session.async_payment_failed' });
    await runJobs();
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'FAILED', creditsGranted: 0 });
    expect(await available()).toBe(welcome);

    app.changeSession(checkout, { payment_status: 'paid' });
    await app.tellOf(sessionId);
    await runJobs();
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED', creditsGranted: 100 });
    expect(await available()).toBe(welcome + 100);
  });

  test('G26 given a session that needed no payment, when its event comes, then the credits come', async () => {
    const checkout = await openCheckout(app, key, pack);
    await app.tellOf(app.changeSession(checkout, { status: 'complete', payment_status: 'no_payment_required' }));
    await runJobs();
    expect(await available()).toBe(welcome + 100);
  });

  test('G26 given a session that is open or has expired, when an event says that it is complete, then nothing is granted', async () => {
    const open = await openCheckout(app, key, pack);
    await app.tellOf(app.changeSession(open, {}));
    await runJobs();
    expect(await readCheckout(app, key, open.id)).toMatchObject({ status: 'CREATED', creditsGranted: 0 });
    await app.tellOf(app.changeSession(open, { status: 'expired' }));
    await runJobs();
    expect(await readCheckout(app, key, open.id)).toMatchObject({ status: 'EXPIRED', creditsGranted: 0 });
    expect(await available()).toBe(welcome);
  });

  test('G27 given a pack that is changed and retired after it was ordered, when the order is paid, then the buyer gets what was on it', async () => {
    const checkout = await openCheckout(app, key, { mode: 'PACK', packCode: 'pack_5000' });
    const { prisma } = app.database;
    const setPack = async (data: { credits: number; priceCents: number; active: boolean }): Promise<void> => {
      await prisma.creditPack.update({ where: { code: 'pack_5000' }, data });
      // Any change of the catalog makes it be read anew.
      await app.graphql('mutation { updateModel(input: { id: "fal-ai/flux/dev", enabled: true }) { __typename } }', {
        key: adminKey,
      });
    };
    await setPack({ credits: 1, priceCents: 1, active: false });
    expect(await createCheckout(app, key, { mode: 'PACK', packCode: 'pack_5000' })).toMatchObject({
      __typename: 'UnknownCreditPackError',
    });
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({
      pack: null,
      credits: 5_000,
      price: { amount: 40_000 },
    });

    await app.tellOf(app.changeSession(checkout, { status: 'complete', payment_status: 'paid' }));
    await runJobs();
    expect(await available()).toBe(welcome + 5_000);
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED', creditsGranted: 5_000 });

    // Sold again for other credits and another price, it is another order.
    await setPack({ credits: 4_000, priceCents: 30_000, active: true });
    expect(await createCheckout(app, key, { mode: 'PACK', packCode: 'pack_5000' })).toMatchObject({
      credits: 4_000,
      price: { amount: 30_000 },
    });
    await setPack({ credits: 5_000, priceCents: 40_000, active: true });
  });

  test('G28 given Stripe is out of reach, when an event is applied, then it is kept as FAILED, tried again and applied in the end', async () => {
    const { sessionId } = await buyPack();
    const id = `evt_while_down_${kind}`;
    expect(await app.tellOf(sessionId, { id })).toMatchObject({ status: 200 });
    expect(await eventState(id)).toBe('RECEIVED');
    await app.stripe.goDown();
    await runJobs();
    expect(await app.database.prisma.stripeEvent.findUnique({ where: { id } })).toMatchObject({
      state: 'FAILED',
      attempts: 1,
      lastError: expect.stringMatching(/Stripe/),
    });
    expect(await available()).toBe(welcome);
    // It is not tried before its time: a second after the first failure.
    expect(await runJobs()).toBe(0);

    await app.stripe.comeBack();
    expect(await runJobs()).toBe(0);
    app.clock.advance(1_000);
    expect(await runJobs()).toBe(1);
    expect(await app.database.prisma.stripeEvent.findUnique({ where: { id } })).toMatchObject({
      state: 'APPLIED',
      attempts: 2,
      lastError: null,
    });
    expect(await available()).toBe(welcome + 100);
  });

  test('G28 given a worker that died while it applied an event, when its lease has ended, then another applies it', async () => {
    const { sessionId } = await buyPack();
    const id = `evt_lost_worker_${kind}`;
    await app.tellOf(sessionId, { id });
    await app.database.prisma.job.update({
      where: { id: `job_${id}` },
      data: { leaseId: 'lease_of_the_dead', leasedUntil: new Date(app.clock.now() + 60_000) },
    });
    expect(await runJobs()).toBe(0);
    app.clock.advanceSeconds(60);
    expect(await runJobs()).toBe(1);
    expect(await available()).toBe(welcome + 100);
  });

  test('G34 given a live event, when it comes to a server in test mode, then it is refused and has no effect', async () => {
    const { sessionId } = await buyPack();
    expect(await app.tellOf(sessionId, { livemode: true })).toMatchObject({
      status: 400,
      body: { error: 'This server takes test events only.' },
    });
    await runJobs();
    expect(await available()).toBe(welcome);
  });

  test('given events about what is not ours, when they come, then they are taken and ignored', async () => {
    const { checkout, sessionId } = await buyPack();
    const ours = app.stripe.sessions.get(sessionId);
    if (ours === undefined) throw new Error('Stripe has lost a session.');
    const strangers: FakeSession[] = [
      { ...ours, id: 'cs_foreign', metadata: {} },
      // It names our order, but is not the session that was opened for it.
      { ...ours, id: 'cs_forged', metadata: { checkout_id: checkout.id } },
      { ...ours, id: 'cs_unknown', metadata: { checkout_id: 'checkout_00000000000000000000000000' } },
    ];
    for (const session of strangers) app.stripe.sessions.set(session.id, session);
    const told = ['cs_foreign', 'cs_forged', 'cs_unknown', 'cs_deleted'];
    for (const id of told) expect(await app.tellOf(id, { id: `evt_${id}_${kind}` })).toMatchObject({ status: 200 });
    await app.tellOf('ch_1', { id: `evt_charge_${kind}`, type: 'charge.updated' });
    await runJobs();
    for (const id of [...told, 'charge']) expect([id, await eventState(`evt_${id}_${kind}`)]).toEqual([id, 'IGNORED']);
    expect(await available()).toBe(welcome);

    await app.tellOf(sessionId);
    await runJobs();
    expect(await available()).toBe(welcome + 100);
  });
});
