import { describe, expect, test } from 'vitest';
import { packSession, pageOf, planSession, press, readTogether, refusalOf, startSeconds } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

describe('Pay', () => {
  test('given an open session, when it is paid, then the payment exists and the buyer is sent back', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(
      packSession({ metadata: { order: 'order_1' }, payment_intent_data: { metadata: { account: 'acc_1' } } }),
    );
    const answer = await press(pageOf(session), 'pay');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`http://localhost:3000/back?session=${session.id}`);

    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      payment_intent: {
        object: 'payment_intent',
        status: 'succeeded',
        amount: 1000,
        amount_received: 1000,
        currency: 'usd',
        latest_charge: expect.stringMatching(/^ch_/),
        metadata: { account: 'acc_1' },
      },
    });

    expect(receiver.deliveries).toHaveLength(1);
    const { event } = receiver.deliveries[0] ?? {};
    expect(event).toMatchObject({
      object: 'event',
      api_version: '2026-10-28.endive',
      type: 'checkout.session.completed',
      livemode: false,
      created: startSeconds,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
    });
    expect(event?.data.object).toEqual(await stripe.checkout.sessions.retrieve(session.id));
    expect(await stripe.events.retrieve(event?.id ?? '')).toMatchObject({ id: event?.id, pending_webhooks: 0 });
    const listed = await stripe.events.list({ type: 'checkout.session.completed' });
    expect(listed.data.map(({ id }) => id)).toEqual([event?.id]);
    expect((await stripe.events.list({ type: 'checkout.session.expired' })).data).toEqual([]);
  });

  test('given an open session, when Pay comes 50 times at once, then there is one payment and one event', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    // All 50 see the session open before the first may complete it.
    const racing = await given.startAnother(receiver.url, readTogether(given.store, 50));
    const page = pageOf(session).replace(given.sandbox.pageOrigin, racing.pageOrigin);
    const answers = await Promise.all(Array.from({ length: 50 }, () => press(page, 'pay')));
    await racing.close();
    expect(new Set(answers.map((answer) => answer.headers.get('location')))).toEqual(
      new Set([`http://localhost:3000/back?session=${session.id}`]),
    );
    await given.sandbox.deliverPending();
    // Two sandboxes share the event, and each may send it, as Stripe may send one twice.
    expect(new Set(receiver.deliveries.map(({ event }) => event.id)).size).toBe(1);
    expect((await stripe.events.list({ type: 'checkout.session.completed' })).data).toHaveLength(1);
    expect((await stripe.paymentIntents.list()).data).toHaveLength(1);
  });

  test('given a paid session, when Pay is pressed again, then the buyer is sent back and nothing else happens', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    await press(pageOf(session), 'pay');
    const again = await press(pageOf(session), 'pay');
    expect(again.headers.get('location')).toBe(`http://localhost:3000/back?session=${session.id}`);
    expect(receiver.deliveries).toHaveLength(1);
  });

  test('given a desktop client, when its session is paid, then it is sent back to its own scheme', async () => {
    const { stripe } = given;
    const session = await stripe.checkout.sessions.create(
      packSession({ success_url: 'wzrd://billing/success?name=Zoë', cancel_url: 'wzrd://billing/cancel' }),
    );
    expect((await press(pageOf(session), 'cancel')).headers.get('location')).toBe('wzrd://billing/cancel');
    expect((await press(pageOf(session), 'pay')).headers.get('location')).toBe('wzrd://billing/success?name=Zo%C3%AB');
  });

  test('given a free session, when it is paid, then no payment was required', async () => {
    const { stripe } = given;
    const session = await stripe.checkout.sessions.create(
      packSession({
        line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 0, product_data: { name: 'Gift' } } }],
      }),
    );
    await press(pageOf(session), 'pay');
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'complete',
      payment_status: 'no_payment_required',
      payment_intent: null,
    });
  });

  test('given a subscription without a customer, when it is paid, then both exist', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(
      planSession({ subscription_data: { metadata: { account: 'acc_1' } } }),
    );
    await press(pageOf(session), 'pay');
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer', 'subscription'] });
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      payment_intent: null,
      customer: { object: 'customer' },
      subscription: {
        object: 'subscription',
        status: 'active',
        metadata: { account: 'acc_1' },
        items: {
          data: [
            {
              current_period_start: startSeconds,
              // 2027-01-15T08:00:00Z and a month later.
              current_period_end: startSeconds + 31 * 24 * 60 * 60,
              price: { unit_amount: 1200, recurring: { interval: 'month' } },
            },
          ],
        },
      },
    });
    expect(receiver.deliveries.map(({ event }) => event.type)).toEqual([
      'payment_method.attached',
      'invoice.created',
      'customer.subscription.created',
      'invoice.finalized',
      'invoice.updated',
      'invoice.paid',
      'checkout.session.completed',
    ]);
  });

  test.each([
    ['month', 1, '2027-01-31T08:00:00Z', '2027-02-28T08:00:00Z'],
    ['month', 3, '2027-01-31T08:00:00Z', '2027-04-30T08:00:00Z'],
    ['year', 1, '2028-02-29T08:00:00Z', '2029-02-28T08:00:00Z'],
    ['week', 2, '2027-01-31T08:00:00Z', '2027-02-14T08:00:00Z'],
    ['day', 1, '2027-01-31T08:00:00Z', '2027-02-01T08:00:00Z'],
  ] as const)(
    'given an interval (%s, %i), when it starts at %s, then it ends at %s',
    async (interval, interval_count, start, end) => {
      const { stripe, clock } = given;
      clock.advanceSeconds(Date.parse(start) / 1000 - startSeconds);
      const session = await stripe.checkout.sessions.create(
        planSession({
          line_items: [
            {
              quantity: 1,
              price_data: {
                currency: 'usd',
                unit_amount: 1200,
                recurring: { interval, interval_count },
                product_data: { name: 'Plan' },
              },
            },
          ],
        }),
      );
      await press(pageOf(session), 'pay');
      const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] });
      expect(paid.subscription).toMatchObject({ items: { data: [{ current_period_end: Date.parse(end) / 1000 }] } });
    },
  );
});

describe('Decline and Cancel', () => {
  test('given an open session, when the card is declined, then the page says so and Pay still works', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    const declined = await press(pageOf(session), 'decline');
    expect(declined.status).toBe(200);
    expect(await declined.text()).toMatch(/role="alert">Your card was declined\./);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
    });
    expect(receiver.deliveries).toEqual([]);
    expect((await press(pageOf(session), 'pay')).status).toBe(303);
  });

  test('given an open session, when it is cancelled, then the buyer is sent back and it stays open', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    const cancelled = await press(pageOf(session), 'cancel');
    expect(cancelled.status).toBe(303);
    expect(cancelled.headers.get('location')).toBe('http://localhost:3000/cancel');
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect(receiver.deliveries).toEqual([]);
  });
});

describe('the page', () => {
  test('given an open session, when its page is read, then it shows item, amount and buttons under a strict policy', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    const response = await fetch(pageOf(session));
    const html = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).toContain('Creator pack');
    expect(html).toContain('$10.00');
    expect(html).toMatch(/Sandbox:<\/strong> no real money moves/);
    for (const name of ['Pay', 'Cancel']) expect(html).toContain(`>${name}</button>`);
    expect(html).toContain('name="method" value="pm_card_visa" checked');
  });

  test('given a name that is HTML, when the page is read, then it is text', async () => {
    const session = await given.stripe.checkout.sessions.create(
      packSession({
        line_items: [
          {
            quantity: 1,
            price_data: {
              currency: 'usd',
              unit_amount: 1000,
              product_data: { name: `<img src=x onerror="alert('1')">&` },
            },
          },
        ],
      }),
    );
    const html = await (await fetch(pageOf(session))).text();
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
    expect(html).not.toContain('<img');
  });

  test('given a paid session, when its page is read, then it says so and has no buttons', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    await press(pageOf(session), 'pay');
    const html = await (await fetch(pageOf(session))).text();
    expect(html).toContain('This checkout is complete.');
    expect(html).not.toContain('<button');
  });

  test('given no such session, when its page is read or answered, then it is a page with 404', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    const missing = pageOf(session).replace(session.id, 'cs_test_none');
    expect((await fetch(missing)).status).toBe(404);
    expect((await press(missing, 'pay')).status).toBe(404);
    expect(await (await fetch(missing)).text()).toContain('There is no such checkout.');
  });

  test('given an open session, when a form without a choice is posted, then it is refused', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    const response = await fetch(pageOf(session), { method: 'POST', body: new URLSearchParams({ action: 'steal' }) });
    expect(response.status).toBe(400);
  });
});

describe('expiry', () => {
  test('given a session past its time, when it is read, paid and swept, then it is expired and told of once', async () => {
    const { stripe, receiver, clock } = given;
    const session = await stripe.checkout.sessions.create(packSession({ expires_at: startSeconds + 3600 }));
    clock.advanceSeconds(3599);
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    clock.advanceSeconds(1);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null });
    expect(receiver.deliveries).toEqual([]);

    const answer = await press(pageOf(session), 'pay');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('This checkout has expired');
    await given.sandbox.deliverPending();
    await given.sandbox.deliverPending();
    expect(receiver.deliveries.map(({ event }) => event)).toMatchObject([
      {
        type: 'checkout.session.expired',
        data: { object: { id: session.id, status: 'expired', payment_status: 'unpaid' } },
      },
    ]);
    expect(await refusalOf(stripe.checkout.sessions.expire(session.id))).toMatchObject({ statusCode: 400 });
  });

  test('given a session past its time that nobody touches, when events are delivered, then it is told of', async () => {
    const { stripe, receiver, clock } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    clock.advanceSeconds(24 * 60 * 60);
    expect(await given.sandbox.deliverPending()).toBe(1);
    expect(receiver.deliveries).toMatchObject([{ event: { data: { object: { id: session.id } } } }]);
  });
});
