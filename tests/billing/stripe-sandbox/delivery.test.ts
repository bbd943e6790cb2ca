import { expect, test } from 'vitest';
import { packSession, pageOf, press, startReceiver } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

test('given a receiver that fails twice, when events are delivered again, then it gets the same event until it accepts', async () => {
  const { stripe, receiver, sandbox } = given;
  receiver.nextStatuses.push(500, 500);
  const session = await stripe.checkout.sessions.create(packSession());
  expect((await press(pageOf(session), 'pay')).status).toBe(303);
  expect(await sandbox.deliverPending()).toBe(0);
  expect(await sandbox.deliverPending()).toBe(1);
  expect(await sandbox.deliverPending()).toBe(0);
  expect(receiver.deliveries.map(({ status }) => status)).toEqual([500, 500, 200]);
  expect(new Set(receiver.deliveries.map(({ event }) => event.id)).size).toBe(1);
});

test('given a receiver that fails once, when nobody asks, then the event comes again by itself', async () => {
  const { stripe, receiver } = given;
  receiver.nextStatuses.push(503);
  const session = await stripe.checkout.sessions.create(packSession());
  await press(pageOf(session), 'pay');
  await receiver.waitFor(2);
  expect(receiver.deliveries.map(({ status }) => status)).toEqual([503, 200]);
});

test('given a receiver that redirects, when an event is delivered, then the redirect is not followed', async () => {
  const { stripe, receiver, sandbox } = given;
  receiver.nextStatuses.push(307);
  const session = await stripe.checkout.sessions.create(packSession());
  await press(pageOf(session), 'pay');
  expect(await sandbox.deliverPending()).toBe(1);
  expect(receiver.deliveries.map(({ status }) => status)).toEqual([307, 200]);
});

test('given an event that nobody took, when the sandbox starts again, then it is delivered', async () => {
  const { stripe, receiver, sandbox } = given;
  receiver.nextStatuses.push(500);
  const session = await stripe.checkout.sessions.create(packSession());
  await press(pageOf(session), 'pay');
  await sandbox.close();

  const elsewhere = await startReceiver();
  const restarted = await given.startAnother(elsewhere.url);
  expect(await restarted.deliverPending()).toBe(1);
  expect(elsewhere.deliveries).toMatchObject([{ event: { data: { object: { id: session.id } } }, status: 200 }]);
  await restarted.close();
  await elsewhere.close();
});

test('given an event that nobody took, when the sandbox starts again, then it need not be asked', async () => {
  const { stripe, receiver, sandbox } = given;
  receiver.nextStatuses.push(500);
  const session = await stripe.checkout.sessions.create(packSession());
  await press(pageOf(session), 'pay');
  await sandbox.close();

  const restarted = await given.startAnother(receiver.url);
  await receiver.waitFor(2);
  expect(receiver.deliveries.map(({ status }) => status)).toEqual([500, 200]);
  await restarted.close();
});

test('given no receiver, when a session is paid, then the buyer is sent back and the event stays pending', async () => {
  const { stripe, receiver, sandbox } = given;
  const session = await stripe.checkout.sessions.create(packSession());
  await receiver.close();
  expect((await press(pageOf(session), 'pay')).status).toBe(303);
  expect(await sandbox.deliverPending()).toBe(0);
  expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([{ pending_webhooks: 1 }]);
  expect(sandbox.warnings).not.toEqual([]);
});

test('given 30 paid sessions at once, when all is delivered, then each is told of once', async () => {
  const { stripe, receiver, sandbox } = given;
  receiver.nextStatuses.push(...Array.from({ length: 30 }, () => 500));
  const sessions = await Promise.all(Array.from({ length: 30 }, () => stripe.checkout.sessions.create(packSession())));
  await Promise.all(sessions.map((session) => press(pageOf(session), 'pay')));
  await Promise.all([sandbox.deliverPending(), sandbox.deliverPending(), sandbox.deliverPending()]);
  const accepted = receiver.deliveries.filter(({ status }) => status === 200);
  expect(accepted).toHaveLength(30);
  expect(new Set(accepted.map(({ event }) => event.id)).size).toBe(30);
});
