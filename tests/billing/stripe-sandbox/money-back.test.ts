import { describe, expect, test } from 'vitest';
import { buyPack, idOf, refusalOf, startSeconds, toldTypes } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

/** The events that have been told since, of charges and what is given back. */
const told = async (): Promise<string[]> =>
  (await toldTypes(given)).filter((type) => type.startsWith('refund') || /^charge\.(refunded|dispute)/.test(type));

describe('refunds', () => {
  test('given a payment of 1000, when 300 and then the rest are refunded, then the charge says 300 and 1000', async () => {
    const { stripe } = given;
    const { intentId, chargeId } = await buyPack(given);
    const part = await stripe.refunds.create({
      payment_intent: intentId,
      amount: 300,
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
    });
    expect(part).toMatchObject({
      object: 'refund',
      amount: 300,
      charge: chargeId,
      payment_intent: intentId,
      reason: 'requested_by_customer',
      metadata: { ticket: '7' },
      status: 'succeeded',
    });
    expect(await stripe.charges.retrieve(chargeId)).toMatchObject({
      amount: 1000,
      amount_refunded: 300,
      refunded: false,
    });
    const rest = await stripe.refunds.create({ charge: chargeId });
    expect(rest.amount).toBe(700); // 1000 paid - 300 refunded
    expect(await stripe.charges.retrieve(chargeId)).toMatchObject({ amount_refunded: 1000, refunded: true });
    expect((await stripe.refunds.list({ payment_intent: intentId })).data.map(({ id }) => id)).toEqual([
      rest.id,
      part.id,
    ]);
    expect(await told()).toEqual(['refund.created', 'charge.refunded', 'refund.created', 'charge.refunded']);
    const [event] = (await stripe.events.list({ type: 'charge.refunded' })).data;
    expect(event?.data).toMatchObject({
      object: { id: chargeId, amount_refunded: 1000, refunded: true },
      previous_attributes: { amount_refunded: 300, refunded: false },
    });
    expect(await refusalOf(stripe.refunds.create({ charge: chargeId }))).toMatchObject({
      statusCode: 400,
      code: 'charge_already_refunded',
    });
  });

  test('given a payment of 1000, when 1001 are asked back, then nothing is', async () => {
    const { stripe } = given;
    const { chargeId } = await buyPack(given);
    const error = await refusalOf(stripe.refunds.create({ charge: chargeId, amount: 1001 }));
    expect(error).toMatchObject({ statusCode: 400, param: 'amount' });
    expect(error.message).toBe('Refund amount ($10.01) is greater than unrefunded amount on charge ($10.00)');
  });

  test('given 10 refunds of 300 at once, when all are answered, then 3 were made: 1000 - 3 x 300 = 100', async () => {
    const { stripe } = given;
    const { chargeId } = await buyPack(given);
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => stripe.refunds.create({ charge: chargeId, amount: 300 })),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await stripe.charges.retrieve(chargeId)).amount_refunded).toBe(900);
  });

  test('given a refund of 300, when the bank sends it back, then the charge has it again', async () => {
    const { stripe, sandbox } = given;
    const { chargeId, intentId } = await buyPack(given);
    const { id } = await sandbox.controls.refundPayment(intentId, 300);
    await sandbox.controls.failRefund(id);
    expect(await stripe.refunds.retrieve(id)).toMatchObject({ status: 'failed', failure_reason: 'unknown' });
    expect(await stripe.charges.retrieve(chargeId)).toMatchObject({ amount_refunded: 0, refunded: false });
    expect(await told()).toEqual(['refund.created', 'charge.refunded', 'refund.updated', 'refund.failed']);
  });
});

describe('disputes', () => {
  test('given a payment, when it is disputed and won, then its money went and came back', async () => {
    const { stripe, sandbox } = given;
    const { chargeId, intentId } = await buyPack(given);
    const { id } = await sandbox.controls.openDispute(intentId);
    expect(await stripe.disputes.retrieve(id)).toMatchObject({
      object: 'dispute',
      amount: 1000,
      charge: chargeId,
      payment_intent: intentId,
      status: 'needs_response',
      balance_transactions: [{ amount: -1000, fee: 1500, net: -2500 }],
    });
    expect((await stripe.charges.retrieve(chargeId)).disputed).toBe(true);
    expect(await refusalOf(stripe.refunds.create({ charge: chargeId }))).toMatchObject({ code: 'charge_disputed' });
    await sandbox.controls.answerDispute(id);
    expect((await stripe.disputes.retrieve(id)).status).toBe('under_review');
    await sandbox.controls.winDispute(id);
    expect(await stripe.disputes.retrieve(id)).toMatchObject({
      status: 'won',
      balance_transactions: [{ amount: -1000 }, { amount: 1000 }],
    });
    expect(await told()).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.updated',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
    // What was won can be given back after all.
    expect((await stripe.refunds.create({ charge: chargeId })).amount).toBe(1000);
  });

  test('given a dispute, when it is conceded through the API, then it is lost, and only once', async () => {
    const { stripe, sandbox } = given;
    const { chargeId } = await buyPack(given);
    const { id } = await sandbox.controls.openDispute(chargeId, { amount: 400 });
    expect(await stripe.disputes.close(id)).toMatchObject({ status: 'lost', amount: 400 });
    expect(await refusalOf(stripe.disputes.close(id))).toMatchObject({ statusCode: 400 });
    expect((await stripe.disputes.list({ charge: chargeId })).data).toMatchObject([{ id, status: 'lost' }]);
    expect(await told()).toEqual(['charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.closed']);
  });

  test('given an inquiry, when it is taken further, then its money goes only then', async () => {
    const { stripe, sandbox } = given;
    const { chargeId } = await buyPack(given);
    const { id } = await sandbox.controls.openDispute(chargeId, { isInquiry: true });
    expect(await stripe.disputes.retrieve(id)).toMatchObject({
      status: 'warning_needs_response',
      balance_transactions: [],
    });
    await sandbox.controls.escalateDispute(id);
    expect(await stripe.disputes.retrieve(id)).toMatchObject({
      status: 'needs_response',
      balance_transactions: [{ amount: -1000 }],
    });
  });

  test('given an inquiry, when it is answered well, then it is closed and no money has moved', async () => {
    const { stripe, sandbox } = given;
    const { chargeId } = await buyPack(given);
    const { id } = await sandbox.controls.openDispute(chargeId, { isInquiry: true });
    await sandbox.controls.winDispute(id);
    expect(await stripe.disputes.retrieve(id)).toMatchObject({ status: 'warning_closed', balance_transactions: [] });
  });

  test('given a card whose payments are disputed, when it pays, then the dispute is there', async () => {
    const { stripe } = given;
    const { chargeId } = await buyPack(given, 'pm_card_createDispute');
    expect(
      (await stripe.disputes.list({ created: { gte: startSeconds } })).data.map(({ charge }) => idOf(charge)),
    ).toEqual([chargeId]);
    expect((await stripe.disputes.list({ created: { lt: startSeconds } })).data).toEqual([]);
  });
});
