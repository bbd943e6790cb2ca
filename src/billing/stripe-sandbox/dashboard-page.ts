import { type Dashboard, dashboardPage, type DashboardPayment } from './dashboard-html.ts';
import type { FormFields } from './form-encoding.ts';
import { type PageAnswer, type PageParts, pageProblem } from './page-parts.ts';
import type { StripePaymentIntent } from './stripe-objects.ts';

const rowsShown = 50;

/** Shows the newest payments, subscriptions and events. */
export async function showDashboard(parts: PageParts): Promise<PageAnswer> {
  return { status: 200, html: dashboardPage(await readDashboard(parts)) };
}

/** Does what a button of the dashboard says. */
export async function answerDashboard(parts: PageParts, _id: string, fields: FormFields): Promise<PageAnswer> {
  const { action, id } = fields;
  if (typeof action !== 'string') throw pageProblem(400, 'Choose one of the buttons.');
  await act(parts, action, typeof id === 'string' ? id : '', fields);
  return { location: 'dashboard' };
}

async function act({ controls, runDue }: PageParts, action: string, id: string, fields: FormFields): Promise<unknown> {
  switch (action) {
    case 'refund':
      return controls.refundPayment(id, amountOf(fields));
    case 'fail_refund':
      return controls.failRefund(id);
    case 'dispute':
      return controls.openDispute(id);
    case 'inquiry':
      return controls.openDispute(id, { isInquiry: true });
    case 'answer_dispute':
      return controls.answerDispute(id);
    case 'escalate_dispute':
      return controls.escalateDispute(id);
    case 'win_dispute':
      return controls.winDispute(id);
    case 'lose_dispute':
      return controls.loseDispute(id);
    case 'debit_succeeds':
      return controls.settleDebit(id, 'succeeded');
    case 'debit_fails':
      return controls.settleDebit(id, 'failed');
    case 'hold_events':
      return controls.changeSettings({ holds_events: true });
    case 'release_events':
      await controls.changeSettings({ holds_events: false });
      return runDue();
    case 'after_last_try_canceled':
      return controls.changeSettings({ after_last_try: 'canceled' });
    case 'after_last_try_unpaid':
      return controls.changeSettings({ after_last_try: 'unpaid' });
    case 'deliver_event':
      return controls.deliverEvent(id);
    case 'deliver_in_order':
      return controls.deliverWaiting('in_order');
    case 'deliver_shuffled_twice':
      return controls.deliverWaiting('shuffled_twice');
    default:
      throw pageProblem(400, 'Choose one of the buttons.');
  }
}

/** The part that is to be given back, in the smallest unit; all that is left where the field is empty. */
function amountOf({ amount }: FormFields): number | undefined {
  if (amount === undefined || amount === '') return undefined;
  const cents = Number(amount);
  if (Number.isSafeInteger(cents) && cents > 0) return cents;
  throw pageProblem(400, 'The amount is a whole number of cents, at least 1.');
}

async function readDashboard({ context, controls }: PageParts): Promise<Dashboard> {
  const { store } = context;
  const query = { matching: [{}], startingAfter: null, limit: rowsShown };
  const [intents, subscriptions, events, settings] = await Promise.all([
    store.list('payment_intent', query),
    store.list('subscription', query),
    store.list('event', query),
    controls.settings(),
  ]);
  const payments = await Promise.all(intents.map((intent) => readPayment(context, intent)));
  return { payments, subscriptions, events, settings };
}

async function readPayment({ store }: PageParts['context'], intent: StripePaymentIntent): Promise<DashboardPayment> {
  if (intent.latest_charge === null) return { intent, charge: null, refunds: [], disputes: [] };
  const query = { matching: [{ charge: intent.latest_charge }], startingAfter: null, limit: null };
  const [charge, refunds, disputes] = await Promise.all([
    store.find('charge', intent.latest_charge),
    store.list('refund', query),
    store.list('dispute', query),
  ]);
  return { intent, charge, refunds, disputes };
}
