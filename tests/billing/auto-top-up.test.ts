import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/ledger/index.ts';
import { type DatabaseKind, describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { statementsOf } from '../support/count-statements.ts';
import { createStudio, mini } from '../support/studio.ts';
import { createSubscriber, stripeOf } from '../support/subscriber.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';
import { createTopUpAccount, readAutoTopUp, setAutoTopUp } from '../support/top-ups.ts';

/** Topped up below 98, by 100 credits for $10. Two calls cost 6: 100 welcome - 6 = 94 is below, 94 + 100 = 194 is not. */
const wanted = { enabled: true, threshold: 98, packCode: 'pack_100' };

/** Has the database refuse payments, as if the process died between the charge and the credits. */
async function refusePayments({ database: { prisma } }: TestApp): Promise<() => Promise<void>> {
  await prisma.$executeRawUnsafe(`CREATE FUNCTION refuse_payment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'No payment is written.'; END $$`);
  await prisma.$executeRawUnsafe(
    'CREATE TRIGGER no_payments BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION refuse_payment()',
  );
  return async () => {
    await prisma.$executeRawUnsafe('DROP TRIGGER no_payments ON payment');
    await prisma.$executeRawUnsafe('DROP FUNCTION refuse_payment()');
  };
}

describeOnBoth('Auto top-up', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  test('given it was never set, when it is read, then it is null, and nothing is ever charged', async () => {
    const account = await createTopUpAccount(app);
    expect(await account.read()).toBeNull();
    await account.spendThrees(2);
    expect(await app.app.services.billing.autoTopUp.sweep(100)).toBe(0);
    expect(await account.charges()).toEqual([]);
  });

  test('G24 given it is on, when the balance falls below the threshold, then one pack is charged and given, once', async () => {
    const account = await createTopUpAccount(app);
    expect(await account.set(wanted)).toEqual({
      __typename: 'AutoTopUp',
      enabled: true,
      threshold: 98,
      pack: { code: 'pack_100' },
      monthlyLimit: null,
      suspended: false,
      suspendedReason: null,
    });
    expect(await account.charges()).toEqual([]); // 100 is not below 98.
    await account.spendThrees(2);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.wallet()).toMatchObject({ available: 194 }); // 100 - 2 * 3 + 100
    expect(await account.grants()).toMatchObject([
      { source: 'PACK', category: 'PAID', amount: 100, reason: '100 Credits', expiresAt: null },
    ]);
    const payments = await app.database.prisma.payment.findMany({ where: { accountId: account.id } });
    expect(payments).toMatchObject([{ kind: 'TOP_UP', credits: 100, paidCents: 1_000, currency: 'usd' }]);
    await account.spendThrees(1);
    await account.hours(2);
    expect(await account.charges()).toEqual(['succeeded']);
  });

  test('given a balance that is below already, when it is switched on, then the gap is closed at once', async () => {
    const account = await createTopUpAccount(app);
    await account.set({ ...wanted, threshold: 100 });
    await account.set({ enabled: false });
    await account.spendThrees(1);
    expect(await account.charges()).toEqual([]);
    expect(await account.set({ enabled: true })).toMatchObject({ threshold: 100, pack: { code: 'pack_100' } });
    expect(await account.charges()).toEqual(['succeeded']);
  });

  test('given credits that expire unseen, when the sweep comes, then the gap that they leave is closed', async () => {
    const account = await createTopUpAccount(app);
    const expiresAt = new Date(app.app.services.clock.now() + 3_600_000).toISOString();
    await createStudio(app).giveCredits(account.id, 50, { expiresAt, priority: 40 });
    await account.set({ ...wanted, threshold: 100 });
    await account.spendThrees(1);
    expect(await account.charges()).toEqual([]); // 97 welcome + 50 that are about to expire
    await account.hours(2);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.wallet()).toMatchObject({ available: 197 }); // 97 + 100
  });

  test('given a card that is declined, when it failed three times an hour apart, then nothing is tried any more until another card is kept', async () => {
    const account = await createTopUpAccount(app, 'pm_card_chargeCustomerFail');
    await account.set(wanted);
    await account.spendThrees(2);
    expect(await account.charges()).toEqual(['failed']);
    expect(await account.read()).toMatchObject({ suspended: false });
    // Whoever spends meanwhile, or saves the settings again, does not hasten the next try.
    await account.spendThrees(1);
    await account.set(wanted);
    expect(await account.charges()).toEqual(['failed']);
    await account.hours(1);
    expect(await account.charges()).toEqual(['failed', 'failed']);
    await account.hours(1);
    expect(await account.charges()).toEqual(['failed', 'failed', 'failed']);
    expect(await account.read()).toMatchObject({
      enabled: true,
      suspended: true,
      suspendedReason: 'The payment method was declined 3 times. Use another one.',
    });
    await account.spendThrees(1);
    await account.hours(24);
    expect(await account.set(wanted)).toMatchObject({ suspended: true });
    expect(await account.charges()).toHaveLength(3);

    await account.changeCard('pm_card_visa');
    expect(await account.charges()).toEqual(['failed', 'failed', 'failed', 'succeeded']);
    expect(await account.read()).toMatchObject({ suspended: false, suspendedReason: null });
    expect(await account.wallet()).toMatchObject({ available: 188 }); // 100 - 4 * 3 + 100
  });

  test('given a card that failed once, when another one is kept, then it is charged at once', async () => {
    const account = await createTopUpAccount(app, 'pm_card_chargeCustomerFail');
    await account.set(wanted);
    await account.spendThrees(2);
    await account.changeCard('pm_card_mastercard');
    expect(await account.charges()).toEqual(['failed', 'succeeded']);
  });

  test('given a decline that stays, when it comes once, then nothing is tried any more', async () => {
    const account = await createTopUpAccount(app, 'pm_card_authenticationRequired');
    await account.set(wanted);
    await account.spendThrees(2);
    expect(await account.read()).toMatchObject({
      suspended: true,
      suspendedReason: 'The bank wants its customer to confirm each payment. Use another payment method.',
    });
    await account.hours(24);
    expect(await account.charges()).toEqual(['failed']);
  });

  test('given a suspension, when Stripe tells that the card has new details under its old id, then it is tried again', async () => {
    const account = await createTopUpAccount(app, 'pm_card_authenticationRequired');
    await account.set(wanted);
    await account.spendThrees(2);
    const { failedPaymentMethodId } = await app.database.prisma.autoTopUp.findUniqueOrThrow({
      where: { accountId: account.id },
    });
    const instant = new Date(app.app.services.clock.now());
    // The sandbox's cards never change by themselves, so the event is put into the inbox.
    await app.database.prisma.stripeEvent.create({
      data: {
        id: `evt_updated_${account.id}`,
        type: 'payment_method.automatically_updated',
        objectId: failedPaymentMethodId ?? '',
        state: 'RECEIVED',
        createdAt: instant,
        receivedAt: instant,
      },
    });
    await app.graphql('mutation ($id: ID!) { replayStripeEvent(id: $id) { state } }', {
      key: adminKey,
      variables: { id: `evt_updated_${account.id}` },
    });
    await account.settle();
    expect(await account.charges()).toEqual(['failed', 'failed']);
  });

  test('given the customer is gone at Stripe, when a charge is needed, then it is suspended until there is something to charge', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    const where = { accountId: account.id };
    const customer = await app.database.prisma.stripeCustomer.delete({ where }); // As its `customer.deleted` does.
    await account.spendThrees(2);
    expect(await account.read()).toMatchObject({
      suspended: true,
      suspendedReason: 'There is no payment method to charge. Add one.',
    });
    await app.database.prisma.stripeCustomer.create({ data: customer });
    await account.changeCard('pm_card_visa');
    expect(await account.read()).toMatchObject({ suspended: false });
    expect(await account.charges()).toEqual(['succeeded']);
  });

  test('given a monthly limit, when it is reached, then nothing more is charged until the next month begins, and the log says so', async () => {
    const account = await createTopUpAccount(app);
    await account.set({ ...wanted, monthlyLimit: 1 });
    await account.spendThrees(2);
    expect(await account.charges()).toEqual(['succeeded']); // 194
    await account.spendHundred();
    expect(await account.wallet()).toMatchObject({ available: 94 }); // 194 - 100
    expect(await account.charges()).toEqual(['succeeded']);
    expect(app.logged.filter((line) => line.includes(account.id) && line.includes('monthly limit'))).not.toEqual([]);

    const now = new Date(app.app.services.clock.now());
    const nextMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1));
    await account.at(new Date(nextMonth.getTime() - 1_000).toISOString());
    expect(await account.charges()).toEqual(['succeeded']);
    await account.at(nextMonth.toISOString());
    expect(await account.charges()).toEqual(['succeeded', 'succeeded']);
    expect(await account.wallet()).toMatchObject({ available: 194 }); // 94 + 100
  });

  test('given the limit is reached, when it is raised, then the gap is closed at once', async () => {
    const account = await createTopUpAccount(app);
    await account.set({ ...wanted, monthlyLimit: 1 });
    await account.spendThrees(2);
    await account.spendHundred();
    expect(await account.charges()).toHaveLength(1);
    expect(await account.set({ enabled: true, monthlyLimit: null })).toMatchObject({ monthlyLimit: null });
    expect(await account.charges()).toHaveLength(2);
  });

  test('given a bank debit, when it is under way for days, then its credits come when the money is there, and once', async () => {
    const account = await createTopUpAccount(app, 'pm_usBankAccount_success');
    await account.set(wanted);
    await account.spendThrees(2);
    await account.hours(24);
    await account.spendThrees(1);
    expect(await account.wallet()).toMatchObject({ available: 91 }); // 100 - 3 * 3
    await account.hours(72);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.wallet()).toMatchObject({ available: 191 }); // 91 + 100
  });

  test('G24 given a worker that dies between the charge and the credits, when the job runs again, then there is one charge and one grant', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    const allowPayments = await refusePayments(app);
    await account.spendThrees(2);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.grants()).toEqual([]);
    await allowPayments();
    await account.hours(1);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.grants()).toMatchObject([{ source: 'PACK', amount: 100 }]);
    expect(await account.wallet()).toMatchObject({ available: 194 });
  });

  test('G32 given a charge whose credits are not there yet, when its refund comes first, then they come and go back, once', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    const allowPayments = await refusePayments(app);
    await account.spendThrees(2);
    await allowPayments();
    await app.database.prisma.job.deleteMany({ where: { kind: 'TOP_UP', accountId: account.id } });
    await stripeOf(app).refundPayment(await account.newest('payment_intent.succeeded'));
    await account.settle();
    expect(await account.grants()).toMatchObject([{ source: 'PACK', amount: 100, remaining: 0, revoked: 100 }]);
    expect(await account.wallet()).toMatchObject({ available: 94, debt: 0 });
  });

  test('G32 given a top-up, when it is refunded, then its credits go back and nothing is charged until its owner wants it', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    await account.spendThrees(2);
    await stripeOf(app).refundPayment(await account.lastPayment());
    await account.settle();
    expect(await account.wallet()).toMatchObject({ available: 94, debt: 0 });
    expect(await account.read()).toMatchObject({ suspended: true });
    await account.spendThrees(1);
    await app.app.services.billing.autoTopUp.sweep(100);
    await account.hours(24);
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.set({ enabled: true })).toMatchObject({ suspended: false });
    expect(await account.charges()).toEqual(['succeeded', 'succeeded']);
  });

  test('given an order that never reached Stripe and is older than its key, when it is found, then it is given up and made anew', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    const twoDaysAgo = new Date(app.app.services.clock.now() - 2 * 86_400_000);
    await app.database.prisma.topUp.create({
      data: {
        accountId: account.id,
        id: 'topup_of_a_lost_process',
        status: 'PENDING',
        packCode: 'pack_100',
        itemName: '100 credits',
        credits: 100,
        priceCents: 1_000,
        currency: 'usd',
        customerId: account.customerId,
        paymentMethodId: await account.newest('payment_method.attached'),
        createdAt: twoDaysAgo,
      },
    });
    await account.spendThrees(2);
    expect(await account.charges()).toEqual(['succeeded']);
    const orders = await app.database.prisma.topUp.findMany({
      where: { accountId: account.id },
      orderBy: { createdAt: 'asc' },
      select: { status: true },
    });
    expect(orders.map(({ status }) => status)).toEqual(['FAILED', 'PAID']);
  });

  test('G36 given another account has set it, when its own is read, then nothing of the other is seen', async () => {
    const account = await createTopUpAccount(app);
    await account.set(wanted);
    expect(await readAutoTopUp(app, await createSubscriber(app))).toBeNull();
    const { data, errors } = await app.graphql<{ autoTopUp: unknown }>('{ autoTopUp { enabled } }');
    expect(data.autoTopUp).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
  });

  describe('when it is set wrongly', () => {
    test.each([
      ['without a threshold the first time', { enabled: true, packCode: 'pack_100' }, ['threshold']],
      ['without a pack the first time', { enabled: true, threshold: 10 }, ['packCode']],
      ['with a threshold of 0', { ...wanted, threshold: 0 }, ['threshold']],
      ['with a threshold that no wallet reaches', { ...wanted, threshold: 2_000_000_001 }, ['threshold']],
      ['with a limit of 0', { ...wanted, monthlyLimit: 0 }, ['monthlyLimit']],
      ['with a pack smaller than the threshold', { ...wanted, threshold: 101 }, ['packCode']],
    ])('given it is set %s, then it is INVALID_INPUT and stays as it was', async (_what, input, fields) => {
      const account = await createTopUpAccount(app);
      expect(await setAutoTopUp(app, account, input)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: fields.map((field) => ({ path: ['input', field] })),
      });
      expect(await account.read()).toBeNull();
    });

    test('given a pack that is not sold, then it is UNKNOWN_CREDIT_PACK, also to switch it off', async () => {
      const account = await createTopUpAccount(app);
      for (const enabled of [true, false]) {
        expect(await account.set({ ...wanted, enabled, packCode: 'pack_7' })).toMatchObject({
          __typename: 'UnknownCreditPackError',
          packCode: 'pack_7',
        });
      }
    });

    test('given nothing to charge, then it is NO_CUSTOMER and says what to do, and it can be switched off', async () => {
      const stranger = await createSubscriber(app);
      expect(await setAutoTopUp(app, stranger, wanted)).toMatchObject({
        __typename: 'NoCustomerError',
        message: 'Nothing was bought yet. Buy a plan, which keeps its card, or a pack and then add a card.',
      });
      const cardless = await createTopUpAccount(app, null);
      expect(await cardless.set(wanted)).toMatchObject({
        __typename: 'NoCustomerError',
        message: 'There is no card to charge. Add one through the customer portal, or buy a plan.',
      });
      expect(await cardless.set({ enabled: false })).toMatchObject({
        __typename: 'AutoTopUp',
        enabled: false,
        threshold: 25, // Of a low balance, while none was set.
        pack: null,
      });
    });

    test('given a subscriber, whose card its subscription has, then that is charged', async () => {
      const subscriber = await createSubscriber(app);
      await subscriber.subscribe('pro');
      const outcome = await setAutoTopUp(app, subscriber, { enabled: true, threshold: 1, packCode: 'pack_100' });
      expect(outcome).toMatchObject({ __typename: 'AutoTopUp', enabled: true });
    });
  });

  test('given billing is disabled, when it is switched on, then it is CHECKOUT_UNAVAILABLE, and off needs nothing', async () => {
    const disabled = await startTestApp(kind, { environment: { BILLING_MODE: 'disabled' } });
    const account = await disabled.newAccount();
    expect(await setAutoTopUp(disabled, account, wanted)).toMatchObject({ __typename: 'CheckoutUnavailableError' });
    expect(await setAutoTopUp(disabled, account, { enabled: false })).toMatchObject({ enabled: false });
    expect(await readAutoTopUp(disabled, account)).toMatchObject({ enabled: false, threshold: 25 });
    expect(await disabled.app.services.billing.autoTopUp.sweep(100)).toBe(0);
    await disabled.close();
  });
});

describe.each<DatabaseKind>(['embedded', 'postgres'])('Auto top-up under load on the %s database', (kind) => {
  test('given 50 calls at once, when all of them find the gap, then one charge closes it', async () => {
    const app = await startTestApp(kind);
    const account = await createTopUpAccount(app);
    const studio = createStudio(app);
    await studio.giveCredits(account.id, 60);
    await account.set({ ...wanted, threshold: 100 });
    // 100 welcome + 60 - 50 * 3 = 10 is below 100, 10 + 100 = 110 is not.
    const calls = Array.from({ length: 50 }, () => studio.queue(account.key, mini));
    const worked = Array.from({ length: 4 }, () => app.app.jobs.runDue());
    await Promise.all([...calls, ...worked]);
    await account.settle();
    await app.app.services.billing.autoTopUp.sweep(100);
    await account.settle();
    expect(await account.charges()).toEqual(['succeeded']);
    expect(await account.wallet()).toMatchObject({ available: 110 });
    expect(await app.database.prisma.topUp.count({ where: { accountId: account.id } })).toBe(1);
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });
});

test('given accounts without auto top-up, when 30 of them have spent at once, then one look serves them all', async () => {
  const app = await startTestApp('postgres');
  const { autoTopUp } = app.app.services.billing;
  const { id } = await app.newAccount();
  // All in one turn of the event loop, however busy the machine is.
  const statements = await statementsOf(async () => {
    for (let spending = 0; spending < 30; spending += 1) void autoTopUp.afterSpending(id as AccountId); // Its own id.
    await autoTopUp.settled();
  });
  expect(statements.filter((text) => text.includes('auto_top_up'))).toHaveLength(1);
  await app.close();
});
