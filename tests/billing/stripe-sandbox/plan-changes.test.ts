import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  createPlanPrice,
  goBy,
  goTo,
  idOf,
  periodOf,
  refusalOf,
  startSeconds,
  subscribe,
  toldTypes,
} from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const hour = 3600;
const day = 24 * hour;

/** A month of a plan of 1200 cents, ten days of which are over; and a larger plan of 3000. */
async function givenPlanAfterTenDays(testMethod?: string) {
  const small = await createPlanPrice(given);
  const large = await createPlanPrice(given, { unit_amount: 3000, product_data: { name: 'Studio plan' } });
  const started = await subscribe(given, { price: small, ...(testMethod === undefined ? {} : { testMethod }) });
  await goBy(given, 10 * day);
  const item = idOf(started.subscription.items.data[0]);
  return { ...started, small, large, item };
}

const amounts = (invoice: Stripe.Invoice): number[] => invoice.lines.data.map(({ amount }) => amount);

describe('an upgrade', () => {
  test('given 21 of 31 days left, when 1200 becomes 3000, then 1219 are paid at once: 2032 - 813', async () => {
    const { stripe } = given;
    const { subscription, large, item } = await givenPlanAfterTenDays();
    const at = startSeconds + 10 * day;
    const items = [{ id: item, price: large.id }];
    const preview = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items, proration_behavior: 'always_invoice', proration_date: at },
    });
    expect(amounts(preview)).toEqual([-813, 2032]); // 1200 x 21/31 = 812.9, 3000 x 21/31 = 2032.3
    expect(preview.amount_due).toBe(1219);

    await goBy(given, hour);
    const changed = await stripe.subscriptions.update(subscription.id, {
      items,
      proration_behavior: 'always_invoice',
      proration_date: at,
      payment_behavior: 'error_if_incomplete',
      metadata: { plan: 'studio' },
      expand: ['latest_invoice'],
    });
    expect(periodOf(changed)).toEqual(periodOf(subscription));
    expect(changed).toMatchObject({
      status: 'active',
      billing_cycle_anchor: startSeconds,
      metadata: { plan: 'studio' },
      items: { data: [{ id: item, price: { id: large.id }, plan: { id: large.id } }] },
      latest_invoice: {
        status: 'paid',
        billing_reason: 'subscription_update',
        amount_paid: 1219,
        parent: { subscription_details: { subscription_proration_date: at } },
      },
    });
    const invoice = await stripe.invoices.retrieve(idOf(changed.latest_invoice));
    const shape = ({ amount, period, parent }: Stripe.InvoiceLineItem) => ({
      amount,
      period,
      isProration: parent?.subscription_item_details?.proration,
    });
    expect(invoice.lines.data.map(shape)).toEqual(preview.lines.data.map(shape));
    expect(invoice.lines.data.map(shape)[0]).toEqual({
      amount: -813,
      period: { start: at, end: periodOf(subscription).end },
      isProration: true,
    });

    const [event] = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
    expect(event?.data.previous_attributes).toMatchObject({
      items: { data: [{ price: { unit_amount: 1200 } }] },
      metadata: { plan: null },
    });
    await goTo(given, periodOf(subscription).end + hour);
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', amount_paid: 3000 });
  });

  test('given a card that fails, when the change must be paid, then it is refused and nothing has changed', async () => {
    const { stripe, sandbox } = given;
    const { subscription, customer, large, item } = await givenPlanAfterTenDays();
    await sandbox.controls.changeCard(customer.id, 'pm_card_chargeCustomerFail');
    const before = await stripe.subscriptions.retrieve(subscription.id);
    const told = await toldTypes(given);
    const change: Stripe.SubscriptionUpdateParams = {
      items: [{ id: item, price: large.id }],
      proration_behavior: 'always_invoice',
    };
    const error = await refusalOf(
      stripe.subscriptions.update(subscription.id, { ...change, payment_behavior: 'error_if_incomplete' }),
    );
    expect(error).toMatchObject({ statusCode: 402, type: 'StripeCardError', code: 'card_declined' });
    expect(await stripe.subscriptions.retrieve(subscription.id)).toEqual(before);
    expect(await toldTypes(given)).toEqual(told);

    const incomplete = await stripe.subscriptions.update(subscription.id, change);
    expect(incomplete).toMatchObject({ status: 'past_due', items: { data: [{ price: { id: large.id } }] } });
  });

  test('given a plan, when its quantity goes from 1 to 3, then two more are paid for: 3 x 1200 x 21/31 - 1200 x 21/31', async () => {
    const { stripe } = given;
    const { subscription, item } = await givenPlanAfterTenDays();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, quantity: 3 }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(changed.latest_invoice).toMatchObject({ amount_paid: 2439 - 813 });
  });

  test('given create_prorations, when the price changes, then the next renewal asks for the difference too', async () => {
    const { stripe } = given;
    const { subscription, large, item } = await givenPlanAfterTenDays();
    await stripe.subscriptions.update(subscription.id, { items: [{ id: item, price: large.id }] });
    expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(1);
    const upcoming = await stripe.invoices.createPreview({ subscription: subscription.id });
    expect(amounts(upcoming)).toEqual([-813, 2032, 3000]);
    await goTo(given, periodOf(subscription).end + hour);
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ amount_paid: 4219, status: 'paid' });
    expect((await stripe.invoices.createPreview({ subscription: subscription.id })).amount_due).toBe(3000);
  });

  test('given no proration, when the price changes, then it is paid from the next period on', async () => {
    const { stripe } = given;
    const { subscription, large, item } = await givenPlanAfterTenDays();
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: large.id }],
      proration_behavior: 'none',
    });
    expect((await stripe.invoices.createPreview({ subscription: subscription.id })).amount_due).toBe(3000);
  });
});

describe('another interval', () => {
  test('given a month half over, when it becomes a year, then the year begins at once and what is left of the month is credited', async () => {
    const { stripe } = given;
    const { subscription, item } = await givenPlanAfterTenDays();
    const yearly = await createPlanPrice(given, { unit_amount: 12_000, recurring: { interval: 'year' } });
    const details: Pick<Stripe.SubscriptionUpdateParams, 'items' | 'proration_behavior'> = {
      items: [{ id: item, price: yearly.id }],
      proration_behavior: 'always_invoice',
    };
    const preview = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: details,
    });
    expect(amounts(preview)).toEqual([-813, 12_000]);
    const changed = await stripe.subscriptions.update(subscription.id, { ...details, expand: ['latest_invoice'] });
    const now = startSeconds + 10 * day;
    expect(changed.billing_cycle_anchor).toBe(now);
    expect(periodOf(changed)).toEqual({ start: now, end: now + 365 * day });
    expect(changed.latest_invoice).toMatchObject({ amount_paid: 11_187, status: 'paid' }); // 12000 - 813
  });
});

describe('a downgrade at once', () => {
  test('given a dear plan, when it becomes a cheap one, then the difference waits on the balance and pays the renewal', async () => {
    const { stripe } = given;
    const { customer, subscription, small, large, item } = await givenPlanAfterTenDays();
    const change = (price: string) =>
      stripe.subscriptions.update(subscription.id, {
        items: [{ id: item, price }],
        proration_behavior: 'always_invoice',
      });
    await change(large.id);
    const back = await change(small.id);
    expect(await stripe.invoices.retrieve(idOf(back.latest_invoice))).toMatchObject({
      total: -1219,
      amount_due: 0,
      status: 'paid',
      ending_balance: -1219,
    });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -1219 });
    await goTo(given, periodOf(subscription).end + hour);
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ total: 1200, starting_balance: -1219, amount_due: 0, ending_balance: -19 });
  });
});

describe('a schedule', () => {
  test('given a dear plan, when a cheap one is scheduled, then the renewal takes it, and the schedule leaves after its phase', async () => {
    const { stripe } = given;
    const small = await createPlanPrice(given);
    const large = await createPlanPrice(given, { unit_amount: 3000 });
    const { subscription } = await subscribe(given, { price: large });
    const { start, end } = periodOf(subscription);
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    expect(schedule).toMatchObject({ status: 'active', current_phase: { start_date: start, end_date: end } });
    const updated = await stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      phases: [
        { items: [{ price: large.id, quantity: 1 }], start_date: start, end_date: end },
        { items: [{ price: small.id, quantity: 1 }], duration: { interval: 'month', interval_count: 1 } },
      ],
    });
    expect(updated.phases.map((phase) => [phase.start_date, phase.end_date])).toEqual([
      [start, end],
      [end, end + 28 * day],
    ]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).schedule).toBe(schedule.id);
    expect((await stripe.invoices.createPreview({ subscription: subscription.id })).amount_due).toBe(1200);

    await goTo(given, end + hour);
    const renewed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(renewed).toMatchObject({
      billing_cycle_anchor: start,
      schedule: schedule.id,
      items: { data: [{ id: subscription.items.data[0]?.id, price: { id: small.id } }] },
      latest_invoice: { amount_paid: 1200 },
    });
    await goTo(given, end + 28 * day + hour);
    expect((await stripe.subscriptions.retrieve(subscription.id)).schedule).toBeNull();
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'released',
      released_subscription: subscription.id,
      subscription: null,
    });
    const invoices = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoices.map(({ amount_paid }) => amount_paid)).toEqual([1200, 1200, 3000]);
  });

  test('given a year to come, when the month renews, then the year begins and its anchor is the renewal', async () => {
    const { stripe } = given;
    const monthly = await createPlanPrice(given);
    const yearly = await createPlanPrice(given, { unit_amount: 12_000, recurring: { interval: 'year' } });
    const { subscription } = await subscribe(given, { price: monthly });
    const { start, end } = periodOf(subscription);
    const { id } = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await stripe.subscriptionSchedules.update(id, {
      phases: [{ items: [{ price: monthly.id }], start_date: start, end_date: end }, { items: [{ price: yearly.id }] }],
    });
    await goTo(given, end + hour);
    const renewed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(periodOf(renewed)).toEqual({ start: end, end: end + 365 * day });
    expect(renewed).toMatchObject({ billing_cycle_anchor: end, latest_invoice: { amount_paid: 12_000 } });
  });

  test('given a scheduled downgrade, when it is released, then the subscription renews as it is', async () => {
    const { stripe } = given;
    const small = await createPlanPrice(given);
    const { subscription } = await subscribe(given);
    const { start, end } = periodOf(subscription);
    const { id } = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await stripe.subscriptionSchedules.update(id, {
      phases: [
        { items: [{ price: idOf(subscription.items.data[0]?.price) }], start_date: start, end_date: end },
        { items: [{ price: small.id }] },
      ],
    });
    expect(await refusalOf(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }))).toMatchObject(
      {
        statusCode: 400,
      },
    );
    expect(await stripe.subscriptionSchedules.release(id)).toMatchObject({ status: 'released' });
    await goTo(given, end);
    const renewed = await stripe.subscriptions.retrieve(subscription.id);
    expect(renewed.schedule).toBeNull();
    expect(renewed.items.data[0]?.price.id).toBe(subscription.items.data[0]?.price.id);
    expect(await refusalOf(stripe.subscriptionSchedules.release(id))).toMatchObject({ statusCode: 400 });
  });
});

describe('an end', () => {
  test('given a cancellation at the period’s end, when it comes, then the subscription ends and nothing is billed', async () => {
    const { stripe } = given;
    const { subscription } = await subscribe(given);
    const { end } = periodOf(subscription);
    const canceled = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(canceled).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: end,
      canceled_at: startSeconds,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    expect(await refusalOf(stripe.invoices.createPreview({ subscription: subscription.id }))).toMatchObject({
      statusCode: 404,
      code: 'invoice_upcoming_none',
    });
    await goTo(given, end - 1);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    await goTo(given, end);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled', ended_at: end });
    expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(1);
    expect((await toldTypes(given)).at(-1)).toBe('customer.subscription.deleted');
  });

  test('given a cancellation at the period’s end, when it is taken back, then the subscription renews', async () => {
    const { stripe } = given;
    const { subscription } = await subscribe(given);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    const kept = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    expect(kept).toMatchObject({ cancel_at: null, canceled_at: null, cancel_at_period_end: false });
    await goTo(given, periodOf(subscription).end + hour);
    expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(2);
  });

  test('given 21 of 31 days left, when it is canceled now with credit, then 813 wait on the balance', async () => {
    const { stripe } = given;
    const { subscription, customer } = await givenPlanAfterTenDays();
    const ended = await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });
    expect(ended).toMatchObject({ status: 'canceled', ended_at: startSeconds + 10 * day });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -813 });
    expect(await refusalOf(stripe.subscriptions.cancel(subscription.id))).toMatchObject({ statusCode: 404 });
    await goTo(given, periodOf(subscription).end + hour);
    expect((await stripe.invoices.list({ subscription: subscription.id, status: 'draft' })).data).toEqual([]);
  });

  test('given a renewal in its draft hour, when the subscription is canceled, then the draft is never collected', async () => {
    const { stripe } = given;
    const { subscription } = await subscribe(given);
    await goTo(given, periodOf(subscription).end);
    await stripe.subscriptions.cancel(subscription.id);
    await goBy(given, 60 * day);
    const [draft] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(draft).toMatchObject({ status: 'draft', auto_advance: false, automatically_finalizes_at: null });
  });

  test('given a customer with a plan, when they are deleted, then the plan ends and what is left says so', async () => {
    const { stripe, receiver } = given;
    const { customer, subscription } = await subscribe(given);
    expect(await stripe.customers.del(customer.id)).toEqual({ id: customer.id, object: 'customer', deleted: true });
    expect(await stripe.customers.retrieve(customer.id)).toEqual({
      id: customer.id,
      object: 'customer',
      deleted: true,
    });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
    await receiver.waitFor(8);
    expect(receiver.deliveries.at(-1)?.event).toMatchObject({
      type: 'customer.deleted',
      data: { object: { id: customer.id, email: 'ada@example.com' } },
    });
    expect(await refusalOf(stripe.billingPortal.sessions.create({ customer: customer.id }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
    });
    expect(await refusalOf(stripe.customers.del(customer.id))).toMatchObject({ statusCode: 404 });
  });
});
