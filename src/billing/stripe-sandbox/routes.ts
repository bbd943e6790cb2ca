import { listCharges, retrieveCharge } from './charges.ts';
import type { ApiCall, ApiResult, SandboxContext } from './context.ts';
import { createCustomer, deleteCustomer, listCustomers, retrieveCustomer, updateCustomer } from './customers.ts';
import { closeDispute, listDisputes, retrieveDispute } from './disputes.ts';
import { listEvents, retrieveEvent } from './events.ts';
import { listInvoicePayments, retrieveInvoicePayment } from './invoice-payments.ts';
import { createInvoicePreview } from './invoice-previews.ts';
import { listInvoices, markInvoiceUncollectible, payInvoice, retrieveInvoice, voidOpenInvoice } from './invoices.ts';
import { createPaymentIntent, listPaymentIntents, retrievePaymentIntent } from './payment-intents.ts';
import {
  attachPaymentMethod,
  detachPaymentMethod,
  listPaymentMethods,
  retrievePaymentMethod,
} from './payment-methods.ts';
import { createPortalSession } from './portal-sessions.ts';
import { createPrice, listPrices, retrievePrice, updatePrice } from './prices.ts';
import { createProduct, listProducts, retrieveProduct, updateProduct } from './products.ts';
import { createRefund, listRefunds, retrieveRefund, updateRefund } from './refunds.ts';
import { createSession, expireOpenSession, listSessions, retrieveSession } from './sessions.ts';
import {
  createSchedule,
  listSchedules,
  releaseActiveSchedule,
  retrieveSchedule,
  updateSchedule,
} from './subscription-schedules.ts';
import { cancelSubscription, resumeSubscription, updateSubscription } from './subscription-updates.ts';
import { listSubscriptions, retrieveSubscription } from './subscriptions.ts';

/** Plans what a call answers and writes. It may run again when another call came between. */
type Operation = (context: SandboxContext, call: ApiCall, id: string) => Promise<ApiResult>;

type Method = 'GET' | 'POST' | 'DELETE';

const routes: readonly (readonly [method: Method, path: RegExp, operation: Operation])[] = [
  ['POST', /^\/v1\/customers$/, createCustomer],
  ['GET', /^\/v1\/customers$/, listCustomers],
  ['GET', /^\/v1\/customers\/([^/]+)$/, retrieveCustomer],
  ['POST', /^\/v1\/customers\/([^/]+)$/, updateCustomer],
  ['DELETE', /^\/v1\/customers\/([^/]+)$/, deleteCustomer],
  ['GET', /^\/v1\/payment_methods$/, listPaymentMethods],
  ['GET', /^\/v1\/payment_methods\/([^/]+)$/, retrievePaymentMethod],
  ['POST', /^\/v1\/payment_methods\/([^/]+)\/attach$/, attachPaymentMethod],
  ['POST', /^\/v1\/payment_methods\/([^/]+)\/detach$/, detachPaymentMethod],
  ['POST', /^\/v1\/products$/, createProduct],
  ['GET', /^\/v1\/products$/, listProducts],
  ['GET', /^\/v1\/products\/([^/]+)$/, retrieveProduct],
  ['POST', /^\/v1\/products\/([^/]+)$/, updateProduct],
  ['POST', /^\/v1\/prices$/, createPrice],
  ['GET', /^\/v1\/prices$/, listPrices],
  ['GET', /^\/v1\/prices\/([^/]+)$/, retrievePrice],
  ['POST', /^\/v1\/prices\/([^/]+)$/, updatePrice],
  ['POST', /^\/v1\/checkout\/sessions$/, createSession],
  ['GET', /^\/v1\/checkout\/sessions$/, listSessions],
  ['GET', /^\/v1\/checkout\/sessions\/([^/]+)$/, retrieveSession],
  ['POST', /^\/v1\/checkout\/sessions\/([^/]+)\/expire$/, expireOpenSession],
  ['POST', /^\/v1\/payment_intents$/, createPaymentIntent],
  ['GET', /^\/v1\/payment_intents$/, listPaymentIntents],
  ['GET', /^\/v1\/payment_intents\/([^/]+)$/, retrievePaymentIntent],
  ['GET', /^\/v1\/charges$/, listCharges],
  ['GET', /^\/v1\/charges\/([^/]+)$/, retrieveCharge],
  ['POST', /^\/v1\/refunds$/, createRefund],
  ['GET', /^\/v1\/refunds$/, listRefunds],
  ['GET', /^\/v1\/refunds\/([^/]+)$/, retrieveRefund],
  ['POST', /^\/v1\/refunds\/([^/]+)$/, updateRefund],
  ['GET', /^\/v1\/disputes$/, listDisputes],
  ['GET', /^\/v1\/disputes\/([^/]+)$/, retrieveDispute],
  ['POST', /^\/v1\/disputes\/([^/]+)\/close$/, closeDispute],
  ['GET', /^\/v1\/subscriptions$/, listSubscriptions],
  ['GET', /^\/v1\/subscriptions\/([^/]+)$/, retrieveSubscription],
  ['POST', /^\/v1\/subscriptions\/([^/]+)$/, updateSubscription],
  ['DELETE', /^\/v1\/subscriptions\/([^/]+)$/, cancelSubscription],
  ['POST', /^\/v1\/subscriptions\/([^/]+)\/resume$/, resumeSubscription],
  ['POST', /^\/v1\/subscription_schedules$/, createSchedule],
  ['GET', /^\/v1\/subscription_schedules$/, listSchedules],
  ['GET', /^\/v1\/subscription_schedules\/([^/]+)$/, retrieveSchedule],
  ['POST', /^\/v1\/subscription_schedules\/([^/]+)$/, updateSchedule],
  ['POST', /^\/v1\/subscription_schedules\/([^/]+)\/release$/, releaseActiveSchedule],
  ['POST', /^\/v1\/invoices\/create_preview$/, createInvoicePreview],
  ['GET', /^\/v1\/invoices$/, listInvoices],
  ['GET', /^\/v1\/invoices\/([^/]+)$/, retrieveInvoice],
  ['POST', /^\/v1\/invoices\/([^/]+)\/pay$/, payInvoice],
  ['POST', /^\/v1\/invoices\/([^/]+)\/void$/, voidOpenInvoice],
  ['POST', /^\/v1\/invoices\/([^/]+)\/mark_uncollectible$/, markInvoiceUncollectible],
  ['GET', /^\/v1\/invoice_payments$/, listInvoicePayments],
  ['GET', /^\/v1\/invoice_payments\/([^/]+)$/, retrieveInvoicePayment],
  ['POST', /^\/v1\/billing_portal\/sessions$/, createPortalSession],
  ['GET', /^\/v1\/events$/, listEvents],
  ['GET', /^\/v1\/events\/([^/]+)$/, retrieveEvent],
];

/** The operation behind an address, and the id in it (empty when there is none). */
export function findOperation(method: string, path: string): { operation: Operation; id: string } | null {
  for (const [routeMethod, pattern, operation] of routes) {
    const match = routeMethod === method ? pattern.exec(path) : null;
    if (match !== null) return { operation, id: match[1] ?? '' };
  }
  return null;
}
