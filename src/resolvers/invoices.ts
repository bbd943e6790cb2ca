import { type Invoice, invoiceKeyOf } from '../billing/index.ts';
import { type Context, callerOf } from './context.ts';
import { byTimeAndId, type Page, type PageArguments, pageOf } from './pages.ts';

/** The caller's invoices. */
export function invoices(context: Context, args: PageArguments): Promise<Page<Invoice>> {
  const { accountId } = callerOf(context);
  const { billing } = context.services;
  return pageOf(
    args,
    byTimeAndId(invoiceKeyOf),
    (page) => billing.invoices.page(accountId, page),
    () => billing.invoices.count(accountId),
  );
}
