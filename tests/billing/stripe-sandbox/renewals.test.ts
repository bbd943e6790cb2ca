import { describe, expect, test } from 'vitest';
import { createPlanPrice, goBy, goTo, idOf, periodOf, startSeconds, subscribe, toldTypes } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const hour = 3600;
const day = 24 * hour;

describe('a renewal', () => {
  test('given a paid plan, when its period ends, then a draft waits an hour, is paid, and the subscription has gone on', async () => {
    const { stripe } = given;
    const { subscription, customer } = await subscribe(given);
    const first = periodOf(subscription);
    expect(first).toEqual({ start: startSeconds, end: startSeconds + 31 * day });
    expect((await stripe.invoices.list({ subscription: subscription.id })).data).toMatchObject([
      { status: 'paid', billing_reason: 'subscription_create', amount_paid: 1200, attempt_count: 1 },
    ]);

    await goTo(given, first.end);
    const renewed = await stripe.subscriptions.retrieve(subscription.id);
    expect(renewed).toMatchObject({ status: 'active', billing_cycle_anchor: startSeconds });
    expect(periodOf(renewed)).toEqual({ start: first.end, end: first.end + 28 * day });
    const draft = await stripe.invoices.retrieve(idOf(renewed.latest_invoice));
    expect(draft).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
      created: first.end,
      automatically_finalizes_at: first.end + hour,
      period_start: first.start,
      period_end: first.end,
      number: null,
    });
    expect(draft.lines.data).toMatchObject([
      {
        amount: 1200,
        period: { start: first.end, end: first.end + 28 * day },
        pricing: { price_details: { price: subscription.items.data[0]?.price.id } },
        parent: {
          subscription_item_details: {
            proration: false,
            subscription: subscription.id,
            subscription_item: subscription.items.data[0]?.id,
          },
        },
      },
    ]);

    await goBy(given, hour);
    const paid = await stripe.invoices.retrieve(draft.id, { expand: ['payments.data.payment.payment_intent'] });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 1200, amount_remaining: 0, attempt_count: 1 });
    expect(paid.status_transitions).toMatchObject({ finalized_at: first.end + hour, paid_at: first.end + hour });
    expect(paid.payments?.data).toMatchObject([
      {
        status: 'paid',
        amount_paid: 1200,
        payment: { payment_intent: { status: 'succeeded', customer: customer.id } },
      },
    ]);
  });

  test('given a clock that jumps over half a year, when what is due is done, then each thing has happened at its own instant, once', async () => {
    const { stripe, receiver } = given;
    const { subscription } = await subscribe(given);
    const jump = Date.parse('2027-07-20T00:00:00Z') / 1000;
    const before = receiver.deliveries.length;
    await goTo(given, jump);
    await given.sandbox.deliverPending();
    const invoices = (await stripe.invoices.list({ subscription: subscription.id, limit: 100 })).data;
    const dates = invoices.map(({ created }) => new Date(created * 1000).toISOString().slice(0, 16));
    expect(dates).toEqual([
      '2027-07-15T08:00',
      '2027-06-15T08:00',
      '2027-05-15T08:00',
      '2027-04-15T08:00',
      '2027-03-15T08:00',
      '2027-02-15T08:00',
      '2027-01-15T08:00',
    ]);
    expect(invoices.every(({ status }) => status === 'paid')).toBe(true);
    expect(invoices.map(({ number }) => number?.slice(-4))).toEqual([
      '0007',
      '0006',
      '0005',
      '0004',
      '0003',
      '0002',
      '0001',
    ]);
    const told = receiver.deliveries.slice(before).map(({ event }) => `${event.type} ${event.created - startSeconds}`);
    expect(new Set(told).size).toBe(told.length);
    expect(told.filter((name) => name.startsWith('invoice.paid'))).toHaveLength(6);
  });

  test.each([
    ['month', ['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']],
    ['year', ['2028-01-31', '2029-01-31']],
    ['week', ['2027-02-07', '2027-02-14']],
  ] as const)(
    'given a plan that begins on January 31st, when it renews every %s, then its day comes back',
    async (interval, ends) => {
      await goTo(given, Date.parse('2027-01-31T08:00:00Z') / 1000);
      const price = await createPlanPrice(given, { recurring: { interval } });
      const { subscription } = await subscribe(given, { price });
      let present = subscription;
      for (const end of ends) {
        expect(new Date(periodOf(present).end * 1000).toISOString()).toBe(`${end}T08:00:00.000Z`);
        await goTo(given, periodOf(present).end);
        present = await given.stripe.subscriptions.retrieve(subscription.id);
      }
    },
  );
});

describe('a renewal that is not paid', () => {
  test('given a card that fails, when the renewal is due, then it is past due, tried again after 3, 5 and 7 days, and canceled', async () => {
    const { stripe, sandbox } = given;
    const { subscription, customer } = await subscribe(given);
    await sandbox.controls.changeCard(customer.id, 'pm_card_chargeCustomerFail');
    const { end } = periodOf(subscription);
    const firstTry = end + hour;
    for (const [tries, at, next] of [
      [1, firstTry, firstTry + 3 * day],
      [2, firstTry + 3 * day, firstTry + 8 * day],
      [3, firstTry + 8 * day, firstTry + 15 * day],
    ] as const) {
      await goTo(given, at);
      const present = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
      expect(present).toMatchObject({
        status: 'past_due',
        latest_invoice: { status: 'open', attempt_count: tries, next_payment_attempt: next, amount_remaining: 1200 },
      });
    }
    await goTo(given, firstTry + 15 * day);
    expect(await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'canceled',
      ended_at: firstTry + 15 * day,
      cancellation_details: { reason: 'payment_failed' },
      latest_invoice: { status: 'open', attempt_count: 4, next_payment_attempt: null },
    });
    const told = await toldTypes(given);
    expect(told.filter((type) => type === 'invoice.payment_failed')).toHaveLength(4);
    expect(told.filter((type) => type === 'customer.subscription.deleted')).toHaveLength(1);
    expect(await sandbox.controls.runDue()).toBeUndefined();
    expect(await toldTypes(given)).toEqual(told);
  });

  test('given a past due plan, when the card is changed before the next try, then it is active again', async () => {
    const { stripe, sandbox } = given;
    const { subscription, customer } = await subscribe(given);
    await sandbox.controls.changeCard(customer.id, 'pm_card_chargeCustomerFail');
    await goTo(given, periodOf(subscription).end + hour);
    await sandbox.controls.changeCard(customer.id, 'pm_card_mastercard');
    await goBy(given, 3 * day);
    expect(await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'active',
      latest_invoice: { status: 'paid', attempt_count: 2 },
    });
  });

  test('given subscriptions that are kept unpaid, when the last try fails, then it is unpaid, and active once it is paid', async () => {
    const { stripe, sandbox } = given;
    await sandbox.controls.changeSettings({ after_last_try: 'unpaid' });
    const { subscription, customer } = await subscribe(given);
    await sandbox.controls.changeCard(customer.id, 'pm_card_chargeCustomerFail');
    await goTo(given, periodOf(subscription).end + hour + 15 * day);
    const unpaid = await stripe.subscriptions.retrieve(subscription.id);
    expect(unpaid.status).toBe('unpaid');
    await sandbox.controls.changeCard(customer.id, 'pm_card_visa');
    await stripe.invoices.pay(idOf(unpaid.latest_invoice));
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });
});
