import { account } from './account.ts';
import { accountEvent } from './account-events.ts';
import { checkout } from './billing.ts';
import type { Context } from './context.ts';
import { callerOf, walletOf } from './context.ts';
import { generation } from './generation.ts';
import { subscriptionById } from './plan-subscription.ts';
import { grantById, transactionIdOf, walletIdOf } from './wallet.ts';

/** A thing with the name of its type, as the interface needs it. */
export interface TypedNode {
  readonly typename:
    | 'Account'
    | 'AccountEvent'
    | 'Wallet'
    | 'Grant'
    | 'Transaction'
    | 'Generation'
    | 'Asset'
    | 'Checkout'
    | 'PlanSubscription'
    | 'Model'
    | 'Plan'
    | 'CreditPack';
  readonly value: object;
}

/**
 * Whatever has the id, if the caller may see it; null otherwise, so that the ids of others tell nothing.
 * Models, plans and packs are public.
 */
export async function node(context: Context, id: string): Promise<TypedNode | null> {
  const snapshot = context.services.catalog.snapshot();
  const model = snapshot.modelById.get(id);
  if (model !== undefined) return { typename: 'Model', value: model };
  const plan = snapshot.planByCode.get(id);
  if (plan !== undefined) return { typename: 'Plan', value: plan };
  const pack = snapshot.creditPackByCode.get(id);
  if (pack !== undefined) return { typename: 'CreditPack', value: pack };
  if (context.caller === null) return null;
  return ownNode(context, id);
}

async function ownNode(context: Context, id: string): Promise<TypedNode | null> {
  const { accountId } = callerOf(context);
  const typed = (typename: TypedNode['typename'], value: object | null): TypedNode | null =>
    value === null ? null : { typename, value };
  switch (id.slice(0, id.indexOf('_'))) {
    case 'account':
      return id === accountId ? typed('Account', await account(context)) : null;
    case 'wallet':
      return id === walletIdOf(accountId) ? typed('Wallet', await walletOf(context)) : null;
    case 'grant':
      return typed('Grant', await grantById(context, await walletOf(context), id));
    case 'transaction': {
      const wallet = await walletOf(context);
      const sequence = Number(/_(\d{1,9})$/.exec(id)?.[1] ?? 0);
      const thing = await context.services.history.transfer(wallet, sequence);
      if (thing === null) return null;
      const transaction = { wallet, thing };
      return transactionIdOf(transaction) === id ? typed('Transaction', transaction) : null;
    }
    case 'gen':
      return typed('Generation', await generation(context, id));
    case 'asset': {
      const asset = await context.services.generations.asset(id);
      return asset?.accountId === accountId ? typed('Asset', asset) : null;
    }
    case 'checkout':
      return typed('Checkout', await checkout(context, id));
    case 'event':
      return typed('AccountEvent', await accountEvent(context, id));
    case 'subscription':
      return typed('PlanSubscription', await subscriptionById(context, id));
    default:
      return null;
  }
}
