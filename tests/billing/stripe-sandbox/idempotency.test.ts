import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { packSession, readTogether, refusalOf } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const idempotencyKey = 'order_1';

test('given a key that was used, when the same request comes again, then the same answer is replayed', async () => {
  const { stripe } = given;
  const first = await stripe.checkout.sessions.create(packSession(), { idempotencyKey });
  given.clock.advanceSeconds(60);
  const second = await stripe.checkout.sessions.create(packSession(), { idempotencyKey });
  expect(second).toEqual(first);
  expect(first.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  expect(second.lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
});

test('given a key that was used, when it comes with other parameters, then it is an idempotency error', async () => {
  const { stripe } = given;
  await stripe.customers.create({ name: 'Ada' }, { idempotencyKey });
  const error = await refusalOf(stripe.customers.create({ name: 'Eve' }, { idempotencyKey }));
  expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  expect(error).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' });
  expect(error.message).toContain(`Try using a key other than '${idempotencyKey}'`);
});

test('given a key that was used, when it comes to another address, then it is an idempotency error', async () => {
  const { stripe } = given;
  await stripe.customers.create({ name: 'Ada' }, { idempotencyKey });
  const error = await refusalOf(stripe.products.create({ name: 'Ada' }, { idempotencyKey }));
  expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  expect(error.message).toContain("('/v1/products' vs '/v1/customers')");
});

test('given 50 requests under one key at once, when all are answered, then there is one session', async () => {
  const { stripe, receiver } = given;
  // All 50 find the key unused before the first may use it.
  const racing = await given.startAnother(receiver.url, readTogether(given.store, 50));
  const sessions = await Promise.all(
    Array.from({ length: 50 }, () => racing.stripe.checkout.sessions.create(packSession(), { idempotencyKey })),
  );
  await racing.close();
  expect(new Set(sessions.map((session) => session.id)).size).toBe(1);
  const replayed = sessions.filter((session) => session.lastResponse.headers['idempotent-replayed'] === 'true');
  expect(replayed).toHaveLength(49);
  expect((await stripe.prices.list()).data).toHaveLength(1);
});

test('given a refused request, when its key comes with the mistake put right, then it takes effect', async () => {
  const { stripe } = given;
  await refusalOf(stripe.checkout.sessions.create(packSession({ customer: 'cus_none' }), { idempotencyKey }));
  const session = await stripe.checkout.sessions.create(packSession(), { idempotencyKey });
  expect(session.status).toBe('open');
});

test('given an expired session, when the same expire call is repeated, then the first answer is replayed', async () => {
  const { stripe } = given;
  const { id } = await stripe.checkout.sessions.create(packSession());
  const first = await stripe.checkout.sessions.expire(id, {}, { idempotencyKey });
  expect(await stripe.checkout.sessions.expire(id, {}, { idempotencyKey })).toEqual(first);
});
