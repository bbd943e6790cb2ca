import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { buyPack, goBy, goTo, idOf, packSession, periodOf, refusalOf, subscribe, toldTypes } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const day = 86_400;

const createCustomer = async (): Promise<string> => (await given.stripe.customers.create()).id;

describe('a payment without the buyer', () => {
  test('given a saved card, when it is charged, then the payment has its charge', async () => {
    const { stripe } = given;
    const customer = await createCustomer();
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    expect(method).toMatchObject({ customer, type: 'card', card: { brand: 'visa', last4: '4242' } });
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
    const intent = await stripe.paymentIntents.create({
      amount: 1000,
      currency: 'usd',
      customer,
      payment_method: method.id,
      off_session: true,
      confirm: true,
      description: 'Top-up',
      metadata: { reason: 'top_up' },
      expand: ['latest_charge'],
    });
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 1000,
      metadata: { reason: 'top_up' },
      latest_charge: { status: 'succeeded', paid: true, metadata: { reason: 'top_up' }, payment_method: method.id },
    });
    expect((await stripe.paymentIntents.list({ customer })).data.map(({ id }) => id)).toEqual([intent.id]);
    expect((await stripe.charges.list({ payment_intent: intent.id })).data).toMatchObject([{ amount: 1000 }]);
  });

  test.each([
    ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline'],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])(
    'given the saved card %s, when it is charged, then the SDK raises %s with the payment',
    async (name, code, decline) => {
      const { stripe } = given;
      const customer = await createCustomer();
      const { id } = await stripe.paymentMethods.attach(name, { customer });
      const create = (idempotencyKey: string) =>
        stripe.paymentIntents.create(
          { amount: 1000, currency: 'usd', customer, payment_method: id, off_session: true, confirm: true },
          { idempotencyKey },
        );
      const error = await refusalOf(create('top_up_1'));
      expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
      expect(error).toMatchObject({
        statusCode: 402,
        code,
        decline_code: decline,
        payment_intent: { status: 'requires_payment_method', last_payment_error: { code, decline_code: decline } },
      });
      const [intent] = (await stripe.paymentIntents.list({ customer })).data;
      expect(intent).toMatchObject({ id: error.payment_intent?.id, status: 'requires_payment_method' });
      expect(await stripe.charges.retrieve(idOf(intent?.latest_charge))).toMatchObject({
        status: 'failed',
        paid: false,
      });
      // A declined card is an answer too: the key has it, and no second try is made.
      expect(await refusalOf(create('top_up_1'))).toMatchObject({ payment_intent: { id: intent?.id } });
      expect((await stripe.paymentIntents.list({ customer })).data).toHaveLength(1);
    },
  );

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
  ])('given the card %s, when it is to be saved, then it is declined', async (name, code, decline_code) => {
    const error = await refusalOf(given.stripe.paymentMethods.attach(name, { customer: await createCustomer() }));
    expect(error).toMatchObject({ statusCode: 402, code, decline_code });
  });

  test('given the card of somebody else, when it is charged, then it is refused', async () => {
    const { stripe } = given;
    const { id } = await stripe.paymentMethods.attach('pm_card_visa', { customer: await createCustomer() });
    const customer = await createCustomer();
    const charge = { amount: 1000, currency: 'usd', confirm: true, payment_method: id };
    expect(await refusalOf(stripe.paymentIntents.create({ ...charge, customer }))).toMatchObject({ statusCode: 400 });
    expect(await refusalOf(stripe.paymentIntents.create(charge))).toMatchObject({ statusCode: 400 });
    expect(
      await refusalOf(stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } })),
    ).toMatchObject({ statusCode: 400, code: 'resource_missing' });
  });
});

describe('a bank debit', () => {
  test.each([
    ['pm_usBankAccount_success', 'paid', 'checkout.session.async_payment_succeeded'],
    ['pm_usBankAccount_insufficientFunds', 'unpaid', 'checkout.session.async_payment_failed'],
  ])('given a pack paid with %s, when 3 days are over, then it is %s and told of', async (name, status, type) => {
    const { stripe, receiver } = given;
    const { session, intentId } = await buyPack(given, name);
    expect(session).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    expect(await stripe.paymentIntents.retrieve(intentId)).toMatchObject({ status: 'processing' });
    await goBy(given, 3 * day - 1);
    expect(receiver.deliveries.map(({ event }) => event.type)).toEqual(['checkout.session.completed']);
    await goBy(given, 1);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: status });
    expect(receiver.deliveries.at(-1)?.event).toMatchObject({
      type,
      data: { object: { id: session.id, payment_status: status } },
    });
  });

  test('given a debit that would succeed, when the bank says no before its time, then it has failed and stays so', async () => {
    const { stripe, sandbox } = given;
    const { session, intentId } = await buyPack(given, 'pm_usBankAccount_success');
    await sandbox.controls.settleDebit(intentId, 'failed');
    await goBy(given, 4 * day);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: 'unpaid' });
    expect(await stripe.paymentIntents.retrieve(intentId)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'debit_not_authorized' },
    });
  });

  test('given a plan paid by debit, when the money comes, then it is active from then on, and renews by debit', async () => {
    const { stripe } = given;
    const { subscription, session } = await subscribe(given, { testMethod: 'pm_usBankAccount_success' });
    expect(subscription.status).toBe('incomplete');
    expect(await stripe.invoices.retrieve(idOf(session.invoice))).toMatchObject({ status: 'open' });
    await goBy(given, 3 * day);
    expect(await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'active',
      latest_invoice: { status: 'paid' },
    });
    await goTo(given, periodOf(subscription).end + 3600);
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: null });
    await goBy(given, 3 * day);
    expect(await stripe.invoices.retrieve(idOf(renewal))).toMatchObject({ status: 'paid' });
  });

  test('given a plan paid by debit, when the money does not come, then it never was', async () => {
    const { stripe } = given;
    const { subscription, session } = await subscribe(given, { testMethod: 'pm_usBankAccount_insufficientFunds' });
    await goBy(given, 3 * day);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'incomplete_expired' });
    expect(await stripe.invoices.retrieve(idOf(session.invoice))).toMatchObject({ status: 'void' });
    expect((await toldTypes(given)).at(-1)).toBe('checkout.session.async_payment_failed');
  });
});

describe('an invoice', () => {
  const failedRenewal = async () => {
    const started = await subscribe(given);
    await given.sandbox.controls.changeCard(started.customer.id, 'pm_card_chargeCustomerFail');
    await goTo(given, periodOf(started.subscription).end + 3600);
    const [invoice] = (await given.stripe.invoices.list({ subscription: started.subscription.id })).data;
    return { ...started, invoiceId: idOf(invoice) };
  };

  test('given an open invoice, when it is voided, then its payment is canceled and the plan is active again', async () => {
    const { stripe } = given;
    const { subscription, invoiceId } = await failedRenewal();
    expect(await stripe.invoices.voidInvoice(invoiceId)).toMatchObject({ status: 'void' });
    const { data } = await stripe.invoicePayments.list({ invoice: invoiceId, expand: ['data.payment.payment_intent'] });
    expect(data).toMatchObject([{ status: 'canceled', payment: { payment_intent: { status: 'canceled' } } }]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await toldTypes(given)).toContain('invoice.voided');
    expect(await refusalOf(stripe.invoices.pay(invoiceId))).toMatchObject({ statusCode: 400 });
  });

  test('given an open invoice, when it is given up, then it may still be paid', async () => {
    const { stripe, sandbox } = given;
    const { customer, invoiceId } = await failedRenewal();
    expect(await stripe.invoices.markUncollectible(invoiceId)).toMatchObject({ status: 'uncollectible' });
    expect(await refusalOf(stripe.invoices.pay(invoiceId))).toMatchObject({ statusCode: 402, code: 'card_declined' });
    await sandbox.controls.changeCard(customer.id, 'pm_card_visa');
    expect(await stripe.invoices.pay(invoiceId)).toMatchObject({ status: 'paid', amount_paid: 1200 });
  });

  test('given a paid invoice, when its payment is looked up by the payment intent, then both find each other', async () => {
    const { stripe } = given;
    const { session } = await subscribe(given);
    const { data } = await stripe.invoicePayments.list({ invoice: idOf(session.invoice) });
    const payment_intent = idOf(data[0]?.payment.payment_intent);
    const back = await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent } });
    expect(back.data).toEqual(data);
    expect(back.data[0]?.invoice).toBe(session.invoice);
  });
});

test('given sessions, when they are listed by payment and by customer, then each is found', async () => {
  const { stripe } = given;
  const { session, intentId } = await buyPack(given);
  await stripe.checkout.sessions.create(packSession());
  const ids = async (params: Stripe.Checkout.SessionListParams) =>
    (await stripe.checkout.sessions.list(params)).data.map(({ id }) => id);
  expect(await ids({ payment_intent: intentId })).toEqual([session.id]);
  expect(await ids({ customer: idOf(session.customer) })).toEqual([session.id]);
  expect(await ids({})).toHaveLength(2);
});
