import { expect, test } from 'vitest';
import { goTo, idOf, periodOf, startSeconds, subscribe, toldTypes } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const hour = 3600;
const day = 24 * hour;

const subscribeOnTrial = (missing_payment_method: 'cancel' | 'create_invoice' | 'pause' = 'create_invoice') =>
  subscribe(given, {
    session: {
      subscription_data: { trial_period_days: 14, trial_settings: { end_behavior: { missing_payment_method } } },
    },
  });

test('given a trial of 14 days, when it runs out, then it was announced 3 days before, and the plan is paid for', async () => {
  const { stripe } = given;
  const { session, subscription } = await subscribeOnTrial();
  const end = startSeconds + 14 * day;
  expect(session).toMatchObject({ amount_total: 0, payment_status: 'no_payment_required', status: 'complete' });
  expect(subscription).toMatchObject({
    status: 'trialing',
    trial_start: startSeconds,
    trial_end: end,
    billing_cycle_anchor: end,
  });
  expect(periodOf(subscription)).toEqual({ start: startSeconds, end });
  expect(await stripe.invoices.retrieve(idOf(session.invoice))).toMatchObject({
    billing_reason: 'subscription_create',
    status: 'paid',
    amount_paid: 0,
    lines: { data: [{ amount: 0, description: 'Trial period for Creator plan' }] },
  });

  await goTo(given, end - 3 * day - 1);
  expect(await toldTypes(given)).not.toContain('customer.subscription.trial_will_end');
  await goTo(given, end - 3 * day);
  const notices = await stripe.events.list({ type: 'customer.subscription.trial_will_end' });
  expect(notices.data).toMatchObject([{ created: end - 3 * day, data: { object: { status: 'trialing' } } }]);

  await goTo(given, end);
  const active = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
  expect(active).toMatchObject({ status: 'active', latest_invoice: { status: 'draft', amount_due: 1200 } });
  // From January 29th to the last day of February.
  expect(periodOf(active)).toEqual({ start: end, end: end + 30 * day });
  await goTo(given, end + hour);
  expect(await stripe.invoices.retrieve(idOf(active.latest_invoice))).toMatchObject({ status: 'paid' });
});

test('given a trial, when it is ended at once, then the first period begins and is paid', async () => {
  const { stripe } = given;
  const { subscription } = await subscribeOnTrial();
  const active = await stripe.subscriptions.update(subscription.id, { trial_end: 'now', expand: ['latest_invoice'] });
  expect(active).toMatchObject({
    status: 'active',
    billing_cycle_anchor: startSeconds,
    latest_invoice: { status: 'paid', amount_paid: 1200 },
  });
});

test('given a trial without a card that shall pause, when it runs out, then it is paused, and resumed with a card it is paid', async () => {
  const { stripe, sandbox } = given;
  const { subscription, customer } = await subscribeOnTrial('pause');
  const { data } = await stripe.paymentMethods.list({ customer: customer.id });
  await stripe.paymentMethods.detach(idOf(data[0]));
  expect((await stripe.subscriptions.retrieve(subscription.id)).default_payment_method).toBeNull();
  await goTo(given, startSeconds + 14 * day);
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'paused' });
  expect(await toldTypes(given)).toContain('customer.subscription.paused');

  await sandbox.controls.changeCard(customer.id, 'pm_card_visa');
  const resumed = await stripe.subscriptions.resume(subscription.id, { expand: ['latest_invoice'] });
  expect(resumed).toMatchObject({ status: 'active', latest_invoice: { status: 'paid', amount_paid: 1200 } });
  expect(resumed).not.toHaveProperty('status_details');
  expect(await toldTypes(given)).toContain('customer.subscription.resumed');
});

test.each([
  ['cancel', 'canceled'],
  ['create_invoice', 'active'],
] as const)('given a trial without a card that shall %s, when it runs out, then it is %s', async (behavior, status) => {
  const { stripe } = given;
  const { subscription, customer } = await subscribeOnTrial(behavior);
  const { data } = await stripe.paymentMethods.list({ customer: customer.id });
  await stripe.paymentMethods.detach(idOf(data[0]));
  await goTo(given, startSeconds + 14 * day);
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe(status);
});
