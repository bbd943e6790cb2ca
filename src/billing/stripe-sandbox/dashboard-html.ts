import { formatAmount } from './amounts.ts';
import { button, escapeHtml, hidden, page, table, time } from './html.ts';
import type {
  SandboxSettings,
  StripeCharge,
  StripeDispute,
  StripeEvent,
  StripePaymentIntent,
  StripeRefund,
  StripeSubscription,
} from './stripe-objects.ts';

export interface DashboardPayment {
  readonly intent: StripePaymentIntent;
  readonly charge: StripeCharge | null;
  readonly refunds: readonly StripeRefund[];
  readonly disputes: readonly StripeDispute[];
}

export interface Dashboard {
  readonly payments: readonly DashboardPayment[];
  readonly subscriptions: readonly StripeSubscription[];
  readonly events: readonly StripeEvent[];
  readonly settings: SandboxSettings;
}

/** What the merchant, the banks and the cardholders can do. */
export function dashboardPage({ payments, subscriptions, events, settings }: Dashboard): string {
  return page(
    'Dashboard',
    `<h2>Switches</h2>
<p>${settings.holds_events ? 'Events are <strong>held back</strong>.' : 'Events are sent as they happen.'}
When the last try to collect a renewal fails, the subscription is <strong>${settings.after_last_try}</strong>.</p>
<div class="row">
${settings.holds_events ? button('Send events as they happen', { action: 'release_events' }, 'primary') : button('Hold events back', { action: 'hold_events' })}
${button('Send what waits, in order', { action: 'deliver_in_order' })}
${button('Send what waits, all twice and shuffled', { action: 'deliver_shuffled_twice' })}
${
  settings.after_last_try === 'canceled'
    ? button('Keep unpaid subscriptions', { action: 'after_last_try_unpaid' })
    : button('Cancel unpaid subscriptions', { action: 'after_last_try_canceled' })
}
</div>
${table('Payments', ['Date', 'Amount', 'Customer', 'Status', 'Back', 'What may happen'], payments.map(paymentRow))}
${table('Subscriptions', ['Began', 'Subscription', 'Customer', 'Status', 'Amount', 'Period ends'], subscriptions.map(subscriptionRow))}
${table('Events', ['Date', 'Type', 'About', 'Sent', ''], events.map(eventRow))}`,
    'wide',
  );
}

function paymentRow(payment: DashboardPayment): string[] {
  const { intent, refunds, disputes } = payment;
  const money = (amount: number) => formatAmount(amount, intent.currency);
  const back = [
    ...refunds.map(({ amount, status }) => `${money(amount)} refund ${status}`),
    ...disputes.map(({ amount, status }) => `${money(amount)} dispute ${status}`),
  ];
  return [
    time(intent.created),
    escapeHtml(money(intent.amount)),
    `<code>${escapeHtml(intent.customer ?? 'guest')}</code>`,
    `${intent.status}${intent.last_payment_error === null ? '' : ` <span class="label">${escapeHtml(intent.last_payment_error.decline_code ?? '')}</span>`}`,
    back.map(escapeHtml).join('<br>'),
    paymentButtons(payment),
  ];
}

function paymentButtons({ intent, charge, refunds, disputes }: DashboardPayment): string {
  if (intent.status === 'processing') {
    return (
      button('Money comes', { action: 'debit_succeeds', id: intent.id }) +
      button('Money does not come', { action: 'debit_fails', id: intent.id })
    );
  }
  if (charge === null || charge.status !== 'succeeded') return '';
  const isLeft = charge.amount_refunded < charge.amount;
  const isTaken = disputes.some(({ status }) => ['needs_response', 'under_review', 'lost'].includes(status));
  const [refunded] = refunds.filter(({ status }) => status === 'succeeded');
  return [
    isLeft && !isTaken ? refundForm(intent, charge) : '',
    refunded === undefined ? '' : button('Refund comes back', { action: 'fail_refund', id: refunded.id }),
    charge.disputed
      ? ''
      : button('Dispute', { action: 'dispute', id: intent.id }) +
        button('Inquiry', { action: 'inquiry', id: intent.id }),
    ...disputes.map(disputeButtons),
  ].join('');
}

const refundForm = (intent: StripePaymentIntent, charge: StripeCharge): string =>
  `<form method="post">${hidden({ action: 'refund', id: intent.id })}<input type="number" name="amount" min="1" max="${
    charge.amount - charge.amount_refunded
  }" step="1" placeholder="all" aria-label="Cents of ${intent.id} to refund"><button type="submit">Refund</button></form>`;

function disputeButtons({ id, status }: StripeDispute): string {
  const to = (label: string, action: string) => button(label, { action, id });
  switch (status) {
    case 'needs_response':
      return to('Answer', 'answer_dispute') + to('Win', 'win_dispute') + to('Lose', 'lose_dispute');
    case 'under_review':
      return to('Win', 'win_dispute') + to('Lose', 'lose_dispute');
    case 'warning_needs_response':
      return to('Answer', 'answer_dispute') + to('Close', 'win_dispute') + to('Bank goes on', 'escalate_dispute');
    case 'warning_under_review':
      return to('Close', 'win_dispute') + to('Bank goes on', 'escalate_dispute');
    default:
      return '';
  }
}

function subscriptionRow(subscription: StripeSubscription): string[] {
  const [item] = subscription.items.data;
  const amount = item === undefined ? '' : formatAmount(item.price.unit_amount * item.quantity, item.price.currency);
  const ends = subscription.cancel_at_period_end ? ' <span class="label">then canceled</span>' : '';
  return [
    time(subscription.created),
    `<code>${subscription.id}</code>`,
    `<code>${escapeHtml(subscription.customer)}</code>`,
    subscription.status,
    escapeHtml(`${amount} per ${item?.price.recurring?.interval ?? 'period'}`),
    item === undefined || subscription.ended_at !== null ? '' : `${time(item.current_period_end)}${ends}`,
  ];
}

function eventRow(event: StripeEvent): string[] {
  const { attempts, delivered } = event.sandbox;
  const tries = attempts.map(({ at, problem }) => `${time(at)} ${escapeHtml(problem ?? 'accepted')}`);
  const state = delivered ? (attempts.length === 0 ? 'not asked for' : '') : 'waits';
  return [
    time(event.created),
    escapeHtml(event.type),
    `<code>${escapeHtml(idIn(event.data.object))}</code>`,
    [state, ...tries].filter((part) => part !== '').join('<br>'),
    button(delivered ? 'Send again' : 'Send now', { action: 'deliver_event', id: event.id }),
  ];
}

const idIn = (object: object): string => ('id' in object && typeof object.id === 'string' ? object.id : '');
