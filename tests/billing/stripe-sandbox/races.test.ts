import { expect, test } from 'vitest';
import { buyPack, goTo, idOf, packSession, pageOf, periodOf, press, subscribe, toldTypes } from './harness.ts';
import { useSandbox } from './setup.ts';

// The embedded database runs one statement after the other, and would let wrong code pass.
const given = useSandbox('postgres');

test('given 3 processes, when two renewals and a retry fall due, then together they do each once', async () => {
  const { sandbox, stripe, receiver, clock } = given;
  const [paying, failing] = [await subscribe(given), await subscribe(given)];
  await sandbox.controls.changeCard(failing.customer.id, 'pm_card_chargeCustomerFail');
  const others = [await given.startAnother(receiver.url), await given.startAnother(receiver.url)];
  const end = periodOf(paying.subscription).end;
  clock.advanceSeconds(end + 4 * 86_400 - clock.now() / 1000);
  await Promise.all([sandbox, ...others].flatMap(({ controls }) => [controls.runDue(), controls.runDue()]));
  await Promise.all(others.map((other) => other.close()));

  const invoices = async (id: string) =>
    (await stripe.invoices.list({ subscription: id })).data.map(({ status, attempt_count }) => [status, attempt_count]);
  expect(await invoices(paying.subscription.id)).toEqual([
    ['paid', 1],
    ['paid', 1],
  ]);
  expect(await invoices(failing.subscription.id)).toEqual([
    ['open', 2],
    ['paid', 1],
  ]);
  const told = await toldTypes(given);
  const count = (type: string) => told.filter((other) => other === type).length;
  expect([count('invoice.created'), count('invoice.paid'), count('invoice.payment_failed')]).toEqual([4, 3, 2]);
  expect(count('charge.failed')).toBe(2);
});

test('given one session, when it is paid 50 times at once, then there is one payment and one charge', async () => {
  const { stripe } = given;
  const session = await stripe.checkout.sessions.create(packSession());
  const answers = await Promise.all(Array.from({ length: 50 }, () => press(pageOf(session), 'pay')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
  expect((await stripe.paymentIntents.list()).data).toHaveLength(1);
  expect((await stripe.charges.list()).data).toHaveLength(1);
});

test('given a payment of 1000, when 50 refunds of 300 come at once, then 3 are made: 1000 - 3 x 300 = 100', async () => {
  const { stripe } = given;
  const { chargeId } = await buyPack(given);
  const tries = await Promise.allSettled(
    Array.from({ length: 50 }, () => stripe.refunds.create({ charge: chargeId, amount: 300 })),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect((await stripe.charges.retrieve(chargeId)).amount_refunded).toBe(900);
  expect((await stripe.refunds.list({ charge: chargeId })).data).toHaveLength(3);
});

test('given a dispute, when it is won and lost at once 20 times, then it has ended one way', async () => {
  const { stripe, sandbox } = given;
  const { chargeId } = await buyPack(given);
  const { id } = await sandbox.controls.openDispute(chargeId);
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? sandbox.controls.winDispute(id) : sandbox.controls.loseDispute(id),
    ),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const { status, balance_transactions } = await stripe.disputes.retrieve(id);
  expect(balance_transactions).toHaveLength(status === 'won' ? 2 : 1);
});

test('given a renewal and a cancellation at the same instant, when both are done, then nothing is collected after the end', async () => {
  const { stripe, sandbox, clock } = given;
  const { subscription } = await subscribe(given);
  const { end } = periodOf(subscription);
  clock.advanceSeconds(end - clock.now() / 1000);
  await Promise.all([sandbox.controls.runDue(), stripe.subscriptions.cancel(subscription.id)]);
  await goTo(given, end + 40 * 86_400);
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data.filter(({ status }) => status === 'paid').map(({ id }) => id)).toEqual([idOf(data.at(-1))]);
});
