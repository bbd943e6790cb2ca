import { type CreditPack, findModels, type Model, type ModelFilter, type Plan } from '../catalog/index.ts';
import { isStorable } from '../plain-text.ts';
import { type Context, callerOf } from './context.ts';
import { formatMoney, toMoney } from './money.ts';
import { planOf } from './wallet.ts';

export const models = ({ services }: Context, filter: ModelFilter): readonly Model[] =>
  findModels(services.catalog.snapshot(), filter);

export const model = ({ services }: Context, id: string): Model | null =>
  services.catalog.snapshot().modelById.get(id) ?? null;

export const plans = ({ services }: Context): readonly Plan[] => services.catalog.snapshot().plans;

export const creditPacks = ({ services }: Context): readonly CreditPack[] => services.catalog.snapshot().creditPacks;

/** Whether the caller is on the plan; false when nobody is signed in. */
export async function isCurrentPlan(context: Context, plan: Plan): Promise<boolean> {
  if (context.caller === null) return false;
  return (await planOf(context, callerOf(context).accountId)).code === plan.code;
}

/** Whether a checkout for the plan can be opened here. */
export const isPlanPurchasable = ({ services }: Context, plan: Plan): boolean =>
  services.checkoutAvailable && !plan.contactSales && (plan.monthlyPriceCents ?? 0) > 0;

export const isPackPurchasable = ({ services }: Context): boolean => services.checkoutAvailable;

/** Sets a new price or enables or disables a model. */
export function updateModel(
  { services }: Context,
  input: { id: string; credits?: number | null | undefined; enabled?: boolean | null | undefined },
): Promise<Model> {
  const { id, credits, enabled } = input;
  // An id that cannot be stored is the id of no model.
  return services.catalog.updateModel({
    id: isStorable(id) ? id : '',
    credits: credits ?? null,
    enabled: enabled ?? null,
  });
}

/** An amount in the currency of the catalog; null stays null. */
export const money = (context: Context, cents: number | null) => (cents === null ? null : price(context, cents));

/** An amount in the currency of the catalog. */
export const price = ({ services }: Context, cents: number) => toMoney(cents, services.catalog.snapshot().currency);

/** What a credit of a pack costs, for people. */
export const pricePerCredit = ({ services }: Context, pack: CreditPack): string =>
  formatMoney(pack.priceCents / pack.credits, services.catalog.snapshot().currency);
