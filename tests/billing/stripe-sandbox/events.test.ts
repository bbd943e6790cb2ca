import { expect, test } from 'vitest';
import { buyPack, goTo, idOf, packSession, periodOf, subscribe } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

test('given events that are held back, when a pack is paid, then none comes until they are sent in order', async () => {
  const { sandbox, receiver, stripe } = given;
  await sandbox.controls.changeSettings({ holds_events: true });
  const { chargeId } = await buyPack(given);
  await stripe.refunds.create({ charge: chargeId });
  expect(await sandbox.deliverPending()).toBe(0);
  expect(receiver.deliveries).toEqual([]);
  expect(await sandbox.controls.deliverWaiting('in_order')).toEqual({ accepted: 3, refused: 0 });
  expect(receiver.deliveries.map(({ event }) => event.type)).toEqual([
    'checkout.session.completed',
    'refund.created',
    'charge.refunded',
  ]);
  expect(await sandbox.controls.deliverWaiting('in_order')).toEqual({ accepted: 0, refused: 0 });
});

test('given events that are held back, when all are sent twice and shuffled, then each has come twice', async () => {
  const { sandbox, receiver } = given;
  await sandbox.controls.changeSettings({ holds_events: true });
  await subscribe(given);
  const { accepted } = await sandbox.controls.deliverWaiting('shuffled_twice');
  const ids = receiver.deliveries.map(({ event }) => event.id);
  expect(ids).toHaveLength(accepted);
  expect(new Set(ids).size * 2).toBe(accepted);
});

test('given an event that was accepted, when it is sent again, then it comes again as it was', async () => {
  const { sandbox, receiver } = given;
  await buyPack(given);
  const [delivery] = receiver.deliveries;
  const id = idOf(delivery?.event);
  expect(await sandbox.controls.deliverEvent(id)).toBe('accepted');
  expect(await sandbox.controls.deliverEvent(id)).toBe('accepted');
  expect(receiver.deliveries.map(({ event }) => event.id)).toEqual([id, id, id]);
  const stored = (await sandbox.controls.listEvents()).find((event) => event.id === id);
  expect(stored?.sandbox.attempts.map(({ problem }) => problem)).toEqual([null, null, null]);
});

test('given an event that was refused, when it is looked at, then it says why', async () => {
  const { sandbox, receiver } = given;
  receiver.nextStatuses.push(503);
  await buyPack(given);
  const refused = (await sandbox.controls.listEvents()).filter(({ sandbox: { attempts } }) => attempts.length > 0);
  expect(refused).toMatchObject([
    { type: 'checkout.session.completed', sandbox: { delivered: false, attempts: [{ problem: 'status 503' }] } },
  ]);
});

test('given a type that the webhook does not listen to, when it happens, then it is kept and not sent', async () => {
  const { stripe, receiver } = given;
  await buyPack(given);
  const { data } = await stripe.events.list({ types: ['payment_intent.succeeded', 'charge.succeeded'] });
  expect(data.map(({ type, pending_webhooks }) => [type, pending_webhooks])).toEqual([
    ['payment_intent.succeeded', 0],
    ['charge.succeeded', 0],
  ]);
  expect(receiver.deliveries.map(({ event }) => event.type)).toEqual(['checkout.session.completed']);
});

test('given an event, when its object changes later, then the event shows it as it was', async () => {
  const { stripe, receiver } = given;
  const { chargeId } = await buyPack(given);
  await stripe.refunds.create({ charge: chargeId, amount: 100 });
  await stripe.refunds.create({ charge: chargeId, amount: 200 });
  await receiver.waitFor(5);
  const refunded = receiver.deliveries.flatMap(({ event }) =>
    event.type === 'charge.refunded' ? [event.data.object.amount_refunded] : [],
  );
  expect(refunded).toEqual([100, 300]);
});

test('given things that fall due, when the next instant is asked for, then it is the nearest after the given one', async () => {
  const { sandbox, stripe, clock } = given;
  const { subscription } = await subscribe(given);
  const { end } = periodOf(subscription);
  const session = await stripe.checkout.sessions.create(packSession());
  expect(await sandbox.nextDueAt(clock.now())).toBe(session.expires_at * 1000);
  await goTo(given, session.expires_at);
  expect(await sandbox.nextDueAt(clock.now())).toBe(end * 1000);
  await goTo(given, end);
  expect(await sandbox.nextDueAt(clock.now())).toBe((end + 3600) * 1000);
});
