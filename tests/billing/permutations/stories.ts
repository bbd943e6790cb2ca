import type { Recorder } from './recording.ts';

export interface Story {
  readonly name: string;
  readonly live: (recorder: Recorder) => Promise<void>;
}

const pack = { mode: 'PACK', packCode: 'pack_100' };
const pro = { mode: 'SUBSCRIPTION', planCode: 'pro', interval: 'MONTH' };
const bankDebit = 'pm_usBankAccount_success';

/**
 * Each has six events at most, so that all of their orders can be tried. Events that ask for the same look as another one
 * of their step are left out where there are more.
 */
export const stories: readonly Story[] = [
  {
    name: 'pack: one is paid by bank debit and another by card before the debit is through',
    live: async ({ subscriber, step }) => {
      await step(['checkout.session.completed'], () => subscriber.buy(pack, bankDebit));
      await step(['checkout.session.completed'], () => subscriber.buy({ ...pack, packCode: 'pack_500' }));
      await step(['checkout.session.async_payment_succeeded'], () => subscriber.days(3));
    },
  },
  {
    name: 'subscribe: by bank debit, so that the plan is incomplete for three days',
    live: async ({ subscriber, step }) => {
      await step(['customer.subscription.created', 'checkout.session.completed'], () => subscriber.buy(pro, bankDebit));
      await step(['customer.subscription.updated', 'invoice.paid', 'checkout.session.async_payment_succeeded'], () =>
        subscriber.days(3),
      );
    },
  },
  {
    name: 'renew: a month later, an hour after the period has begun',
    live: async ({ subscriber, step }) => {
      await step(['customer.subscription.created', 'invoice.paid', 'checkout.session.completed'], () =>
        subscriber.subscribe(),
      );
      await step(['customer.subscription.updated'], () => subscriber.at('2026-02-01T12:30:00.000Z'));
      await step(['invoice.paid'], () => subscriber.at('2026-02-01T13:30:00.000Z'));
    },
  },
  {
    name: 'refund after spend: of a pack in two parts, when 150 of 200 credits are spent',
    live: async ({ subscriber, stripe, step, spend }) => {
      await step(['checkout.session.completed'], () => subscriber.buy(pack));
      await spend(150);
      const payment = await subscriber.lastPayment();
      await step(['refund.created', 'charge.refunded'], () => stripe.refundPayment(payment, 400));
      await step(['refund.created', 'charge.refunded'], () => stripe.refundPayment(payment));
    },
  },
  {
    name: 'dispute won: over a pack, when 150 of 200 credits are spent',
    live: async ({ subscriber, stripe, step, spend }) => {
      await step(['checkout.session.completed'], () => subscriber.buy(pack));
      await spend(150);
      const payment = await subscriber.lastPayment();
      const dispute = await step(['charge.dispute.created', 'charge.dispute.funds_withdrawn'], () =>
        stripe.openDispute(payment),
      );
      await step(['charge.dispute.updated'], () => stripe.answerDispute(dispute.id));
      await step(['charge.dispute.closed', 'charge.dispute.funds_reinstated'], () => stripe.winDispute(dispute.id));
    },
  },
  {
    name: 'dispute lost after refund: of a plan, where more is taken than was paid',
    live: async ({ subscriber, stripe, step }) => {
      await step(['checkout.session.completed', 'invoice.paid'], () => subscriber.subscribe());
      const payment = await subscriber.lastPayment();
      await step(['refund.created', 'charge.refunded'], () => stripe.refundPayment(payment, 1_900));
      const dispute = await step(['charge.dispute.created'], () => stripe.openDispute(payment));
      await step(['charge.dispute.closed'], () => stripe.loseDispute(dispute.id));
    },
  },
  {
    name: 'upgrade in mid-period: from Pro to Business',
    live: async ({ subscriber, step }) => {
      await step(['customer.subscription.created', 'invoice.paid', 'checkout.session.completed'], () =>
        subscriber.subscribe(),
      );
      await step([], () => subscriber.at('2026-01-16T12:00:00.000Z'));
      await step(['customer.subscription.updated', 'invoice.paid'], () => subscriber.changePlan('business'));
    },
  },
  {
    name: 'cancel and come back: Pro ends with its period, and Business is bought after it',
    live: async ({ subscriber, step }) => {
      await step(['checkout.session.completed', 'invoice.paid'], () => subscriber.subscribe());
      await step(['customer.subscription.updated'], () => subscriber.cancel());
      await step(['customer.subscription.deleted'], () => subscriber.at('2026-02-01T12:30:00.000Z'));
      await step(['checkout.session.completed', 'invoice.paid'], () => subscriber.subscribe('business'));
    },
  },
];
