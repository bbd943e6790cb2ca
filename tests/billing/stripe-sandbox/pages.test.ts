import { describe, expect, test } from 'vitest';
import { buyPack, goBy, goTo, idOf, packSession, pageOf, periodOf, postForm, subscribe } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();
const read = async (url: string): Promise<string> => (await fetch(url)).text();
const dashboard = (): string => `${given.sandbox.pageOrigin}/stripe-sandbox/dashboard`;

describe('the checkout page', () => {
  test('given a choice of payment methods, when one that fails is chosen, then the page says why and the session stays open', async () => {
    const { stripe, receiver } = given;
    const session = await stripe.checkout.sessions.create(packSession());
    const answer = await postForm(pageOf(session), {
      action: 'pay',
      method: 'pm_card_chargeDeclinedInsufficientFunds',
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('Your card has insufficient funds. You can try again.');
    expect(receiver.deliveries).toEqual([]);
    const paid = await postForm(pageOf(session), { action: 'pay', method: 'pm_card_mastercard' });
    expect(paid.status).toBe(303);
  });

  test('given a payment method that is not there, when it is chosen, then it is refused', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    expect((await postForm(pageOf(session), { action: 'pay', method: 'pm_card_gold' })).status).toBe(400);
  });

  test('given a form on another site, when it is sent from there, then nothing happens', async () => {
    const session = await given.stripe.checkout.sessions.create(packSession());
    const response = await fetch(pageOf(session), {
      method: 'POST',
      body: new URLSearchParams({ action: 'pay' }),
      headers: { 'Sec-Fetch-Site': 'cross-site' },
      redirect: 'manual',
    });
    expect(response.status).toBe(403);
    expect((await given.stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  });
});

describe('the portal', () => {
  const openPortal = async () => {
    const started = await subscribe(given);
    const { url } = await given.stripe.billingPortal.sessions.create({
      customer: started.customer.id,
      return_url: 'http://localhost:3000/billing',
    });
    return { ...started, url };
  };

  test('given a plan, when it is cancelled and kept on the portal, then the subscription follows', async () => {
    const { stripe, receiver } = given;
    const { url, subscription } = await openPortal();
    const page = await read(url);
    expect(page).toContain('Creator plan, $12.00 per month');
    expect(page).toContain('href="http://localhost:3000/billing"');
    const answer = await postForm(url, { action: 'cancel', subscription: subscription.id });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, url.slice(url.lastIndexOf('/') + 1)]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(true);
    expect(receiver.deliveries.at(-1)?.event.type).toBe('customer.subscription.updated');
    expect(await read(url)).toContain('Keep the plan');
    await postForm(url, { action: 'keep', subscription: subscription.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(false);
  });

  test('given a plan that waits for a cheaper one, when it is cancelled on the portal, then the schedule is dropped', async () => {
    const { stripe } = given;
    const { url, subscription } = await openPortal();
    const { id } = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await postForm(url, { action: 'cancel', subscription: subscription.id });
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      schedule: null,
      cancel_at_period_end: true,
    });
    expect((await stripe.subscriptionSchedules.retrieve(id)).status).toBe('released');
  });

  test('given a past due plan, when the card is changed and the invoice paid on its page, then it is active again', async () => {
    const { stripe } = given;
    const { url, subscription } = await openPortal();
    await postForm(url, { action: 'change_card', method: 'pm_card_chargeCustomerFail' });
    await goTo(given, periodOf(subscription).end + 3600);
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    const invoiceUrl = invoice?.hosted_invoice_url ?? '';
    expect(await read(url)).toContain(`href="../invoices/${invoice?.id}"`);
    const declined = await postForm(invoiceUrl, { action: 'pay' });
    expect([declined.status, await declined.text()]).toEqual([402, expect.stringContaining('Your card was declined.')]);
    await postForm(url, { action: 'change_card', method: 'pm_card_mastercard' });
    expect((await postForm(invoiceUrl, { action: 'pay' })).status).toBe(303);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await read(invoiceUrl)).toContain('<span class="label">Paid</span>');
  });

  test('given the plan of somebody else, when it is to be cancelled, then there is no such plan', async () => {
    const { url } = await openPortal();
    const { subscription } = await subscribe(given);
    expect((await postForm(url, { action: 'cancel', subscription: subscription.id })).status).toBe(404);
    expect((await fetch(`${url}x`)).status).toBe(404);
  });
});

describe('an invoice', () => {
  test('given a paid invoice, when its file is opened, then it is a PDF whose table of objects is right', async () => {
    const { session } = await subscribe(given);
    const invoice = await given.stripe.invoices.retrieve(idOf(session.invoice));
    const response = await fetch(invoice.invoice_pdf ?? '');
    expect(response.headers.get('content-type')).toBe('application/pdf');
    const file = Buffer.from(await response.arrayBuffer()).toString('latin1');
    expect(file.startsWith('%PDF-1.4\n')).toBe(true);
    expect(file).toContain(`Invoice ${invoice.number}`);
    expect(file).toContain('($12.00   1 x Creator plan \\(per month\\)   2027-01-15 to 2027-02-15) Tj');
    const table = Number(/startxref\n(\d+)\n/.exec(file)?.[1]);
    expect(file.slice(table, table + 4)).toBe('xref');
    const offsets = [...file.slice(table).matchAll(/^(\d{10}) 00000 n /gm)].map(([, offset]) => Number(offset));
    expect(offsets.map((offset) => file.slice(offset, offset + 7))).toEqual(
      [1, 2, 3, 4, 5].map((number) => `${number} 0 obj`),
    );
  });

  test('given a draft, when its page is opened, then there is no such invoice', async () => {
    const { subscription } = await subscribe(given);
    await goTo(given, periodOf(subscription).end);
    const { latest_invoice } = await given.stripe.subscriptions.retrieve(subscription.id);
    const page = `${given.sandbox.pageOrigin}/stripe-sandbox/invoices/${idOf(latest_invoice)}`;
    expect((await fetch(page)).status).toBe(404);
  });
});

describe('the dashboard', () => {
  test('given a payment, when a part is refunded by its form, then the charge says so', async () => {
    const { stripe } = given;
    const { intentId, chargeId } = await buyPack(given);
    expect(await read(dashboard())).toContain(intentId);
    expect((await postForm(dashboard(), { action: 'refund', id: intentId, amount: '300' })).status).toBe(303);
    expect((await stripe.charges.retrieve(chargeId)).amount_refunded).toBe(300);
    expect(await read(dashboard())).toContain('$3.00 refund succeeded');
    await postForm(dashboard(), { action: 'refund', id: intentId, amount: '' });
    expect((await stripe.charges.retrieve(chargeId)).refunded).toBe(true);
    const tooMuch = await postForm(dashboard(), { action: 'refund', id: intentId });
    expect([tooMuch.status, await tooMuch.text()]).toEqual([400, expect.stringContaining('has already been refunded')]);
    expect((await postForm(dashboard(), { action: 'refund', id: intentId, amount: '1.5' })).status).toBe(400);
  });

  test.each([
    ['win_dispute', 'won'],
    ['lose_dispute', 'lost'],
  ])('given a disputed payment, when %s is pressed, then it is %s', async (action, status) => {
    const { stripe } = given;
    const { intentId } = await buyPack(given);
    await postForm(dashboard(), { action: 'dispute', id: intentId });
    const [dispute] = (await stripe.disputes.list({ payment_intent: intentId })).data;
    expect(await read(dashboard())).toContain('$10.00 dispute needs_response');
    await postForm(dashboard(), { action, id: idOf(dispute) });
    expect((await stripe.disputes.retrieve(idOf(dispute))).status).toBe(status);
  });

  test('given a bank debit under way, when its money comes by a button, then the session is paid', async () => {
    const { stripe } = given;
    const { intentId, session } = await buyPack(given, 'pm_usBankAccount_success');
    expect(await read(dashboard())).toContain('Money comes');
    await postForm(dashboard(), { action: 'debit_succeeds', id: intentId });
    expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
    await goBy(given, 4 * 86_400);
    expect((await stripe.paymentIntents.retrieve(intentId)).status).toBe('succeeded');
  });

  test('given the switch for events, when it is off and on again, then what waited is sent', async () => {
    const { receiver } = given;
    await postForm(dashboard(), { action: 'hold_events' });
    await buyPack(given);
    expect(receiver.deliveries).toEqual([]);
    expect(await read(dashboard())).toContain('<strong>held back</strong>');
    await postForm(dashboard(), { action: 'release_events' });
    expect(receiver.deliveries.map(({ event }) => event.type)).toEqual(['checkout.session.completed']);
    const id = idOf(receiver.deliveries[0]?.event);
    await postForm(dashboard(), { action: 'deliver_event', id });
    expect(receiver.deliveries.map(({ event }) => event.id)).toEqual([id, id]);
  });

  test('given a button that is not there, when it is pressed, then the page says so', async () => {
    expect((await postForm(dashboard(), { action: 'explode' })).status).toBe(400);
    expect((await fetch(`${given.sandbox.pageOrigin}/stripe-sandbox/elsewhere`)).status).toBe(404);
    expect((await fetch(dashboard(), { method: 'PUT' })).status).toBe(405);
  });
});
