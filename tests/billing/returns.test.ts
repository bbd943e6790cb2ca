import { beforeEach, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createSubscriber, stripeOf, type Subscriber } from '../support/subscriber.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

// A pack of 100 credits costs $10, one of 500 $50. Every account begins with 100 welcome credits, which burn first.
describeOnBoth('Money that goes back', (kind) => {
  let app: TestApp;
  let subscriber: Subscriber;
  beforeEach(async () => {
    app = await startTestApp(kind);
    subscriber = await createSubscriber(app);
    return async () => {
      expect(await findLedgerFaults(app.database)).toEqual([]);
      await app.close();
    };
  });

  const buyPack = async (packCode = 'pack_100'): Promise<string> => {
    await subscriber.buy({ mode: 'PACK', packCode });
    return subscriber.lastPayment();
  };
  const settle = (): Promise<number> => app.app.jobs.runDue();
  /** What can be spent and what is owed. */
  const balance = async () => {
    const { available, debt } = await subscriber.wallet();
    return { available, debt };
  };

  test('G32 given a pack of which nothing was spent, when it is refunded in three parts, then credits go back share by share', async () => {
    const payment = await buyPack();
    await stripeOf(app).refundPayment(payment, 255);
    await settle();
    // floor(100 × 255 / 1,000) = 25; 200 - 25 = 175
    expect(await balance()).toEqual({ available: 175, debt: 0 });
    await stripeOf(app).refundPayment(payment, 250);
    await settle();
    // floor(100 × 505 / 1,000) = 50
    expect(await balance()).toEqual({ available: 150, debt: 0 });
    await stripeOf(app).refundPayment(payment);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    expect(await subscriber.grants()).toMatchObject([{ source: 'PACK', amount: 100, remaining: 0, revoked: 100 }]);
  });

  test('G32 given 50 of a pack were spent, when it is refunded whole, then 50 are taken, 50 are owed, and the next grant pays', async () => {
    const payment = await buyPack();
    await subscriber.spend(150); // 100 welcome + 50 of the pack.
    await stripeOf(app).refundPayment(payment);
    await settle();
    expect(await balance()).toEqual({ available: 0, debt: 50 });
    const { wallet } = await subscriber.ask<{ wallet: object }>(
      '{ wallet { transactions(first: 2) { nodes { type credits amount description } } } }',
    );
    expect(wallet).toEqual({
      transactions: {
        nodes: [
          {
            type: 'CLAWBACK',
            credits: 50,
            amount: 0,
            description: '100 Credits: taken back with its payment, owed because it was spent',
          },
          { type: 'CLAWBACK', credits: 50, amount: -50, description: '100 Credits: taken back with its payment' },
        ],
      },
    });
    const refused = await subscriber.ask<{ generate: object }>(
      'mutation { generate(input: { kind: IMAGE, prompt: "A storm" }) { __typename ... on InsufficientCreditsError { available debt shortfall } } }',
    );
    // 4 required + 50 owed - 0 available = 54.
    expect(refused.generate).toEqual({ __typename: 'InsufficientCreditsError', available: 0, debt: 50, shortfall: 54 });
    await buyPack();
    expect(await balance()).toEqual({ available: 50, debt: 0 });
  });

  test('G32 given a refund that the bank sends back, then its credits come back', async () => {
    const payment = await buyPack();
    const refund = await stripeOf(app).refundPayment(payment);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    await stripeOf(app).failRefund(refund.id);
    await settle();
    expect(await balance()).toEqual({ available: 200, debt: 0 });
  });

  test('G32 given a dispute, when it is opened, answered and won, then credits go and come back; spent ones are owed meanwhile', async () => {
    const payment = await buyPack();
    await subscriber.spend(150);
    const dispute = await stripeOf(app).openDispute(payment);
    await settle();
    expect(await balance()).toEqual({ available: 0, debt: 50 });
    await stripeOf(app).answerDispute(dispute.id);
    await settle();
    expect(await balance()).toEqual({ available: 0, debt: 50 });
    await stripeOf(app).winDispute(dispute.id);
    await settle();
    expect(await balance()).toEqual({ available: 50, debt: 0 });
  });

  test('G32 given a dispute that is lost, then what it took stays taken', async () => {
    const payment = await buyPack();
    const dispute = await stripeOf(app).openDispute(payment);
    await settle();
    await stripeOf(app).loseDispute(dispute.id);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
  });

  test('G32 given half was refunded, when the whole payment is disputed and lost, then no more than the order goes back', async () => {
    const payment = await buyPack();
    await stripeOf(app).refundPayment(payment, 500);
    await settle();
    expect(await balance()).toEqual({ available: 150, debt: 0 });
    const dispute = await stripeOf(app).openDispute(payment);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    await stripeOf(app).loseDispute(dispute.id);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    expect(await app.database.prisma.payment.findUnique({ where: { id: payment } })).toMatchObject({
      paidCents: 1_000,
      returnedCents: 1_000,
    });
  });

  test('G32 given an inquiry, then nothing is taken until it becomes a dispute', async () => {
    const payment = await buyPack();
    const dispute = await stripeOf(app).openDispute(payment, { isInquiry: true });
    await settle();
    expect(await balance()).toEqual({ available: 200, debt: 0 });
    await stripeOf(app).escalateDispute(dispute.id);
    await settle();
    expect(await balance()).toEqual({ available: 100, debt: 0 });
  });

  test('G31 given a plan whose payment is refunded, then the credits of its month go back, and packs stay', async () => {
    await subscriber.subscribe('pro');
    const payment = await subscriber.lastPayment();
    await buyPack();
    await stripeOf(app).refundPayment(payment, 2_450);
    await settle();
    // floor(2,000 × 2,450 / 4,900) = 1,000: 100 + 2,000 + 100 - 1,000.
    expect(await balance()).toEqual({ available: 1_200, debt: 0 });
    await stripeOf(app).refundPayment(payment);
    await settle();
    expect(await balance()).toEqual({ available: 200, debt: 0 });
  });

  test('G31 given a year of a plan, when half of its price is refunded, then the half that is to come is taken back as it comes', async () => {
    await subscriber.subscribe('pro', 'YEAR');
    const payment = await subscriber.lastPayment();
    // Half of $468 is half of 12 × 2,000 = 24,000 credits: the last six months.
    await stripeOf(app).refundPayment(payment, 23_400);
    await settle();
    expect(await balance()).toEqual({ available: 2_100, debt: 0 });
    await subscriber.at('2026-06-01T12:00:00.000Z');
    // The sixth month, with the 2,000 that rolled over: 100 + 2,000 + 2,000.
    expect(await balance()).toEqual({ available: 4_100, debt: 0 });
    await subscriber.at('2026-07-01T12:00:00.000Z');
    expect((await subscriber.grants()).filter(({ source }) => source === 'PLAN').at(-1)).toMatchObject({
      amount: 2_000,
      remaining: 0,
      revoked: 2_000,
    });
    expect(await balance()).toEqual({ available: 2_100, debt: 0 });
  });

  test('G36 given an event about another account, then this one keeps its credits, and only an administrator sees the inbox', async () => {
    await buyPack();
    const other = await createSubscriber(app);
    await other.buy({ mode: 'PACK', packCode: 'pack_100' });
    await stripeOf(app).refundPayment(await other.lastPayment());
    await settle();
    expect(await balance()).toEqual({ available: 200, debt: 0 });
    expect(await other.wallet()).toMatchObject({ available: 100 });
    const document = '{ stripeEvents(first: 20) { nodes { type state } } }';
    const { errors } = await app.graphql(document, { key: subscriber.key });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const { data } = await app.graphql<{ stripeEvents: { nodes: object[] } }>(document, { key: adminKey });
    // All came at one instant, so that their order says nothing.
    expect(data.stripeEvents.nodes).toContainEqual({ type: 'charge.refunded', state: 'APPLIED' });
  });

  test('G26 given a bank debit, when the checkout is complete, then credits come three days later, when the bank has paid', async () => {
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' }, 'pm_usBankAccount_success');
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    await subscriber.days(4);
    expect(await balance()).toEqual({ available: 200, debt: 0 });
  });

  test('G26 given a bank debit that bounces, then no credits come, and the checkout has failed', async () => {
    const id = await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' }, 'pm_usBankAccount_insufficientFunds');
    await subscriber.days(4);
    expect(await balance()).toEqual({ available: 100, debt: 0 });
    const { checkout } = await subscriber.ask<{ checkout: object }>(
      'query ($id: ID!) { checkout(id: $id) { status creditsGranted } }',
      { id },
    );
    expect(checkout).toEqual({ status: 'FAILED', creditsGranted: 0 });
  });
});
