import type { AutoTopUp } from '../billing/index.ts';
import type { CreditPack } from '../catalog/index.ts';
import { type Context, callerOf } from './context.ts';

type Optional<Value> = Value | null | undefined;

export const autoTopUp = (context: Context): Promise<AutoTopUp | null> =>
  context.services.billing.autoTopUp.find(callerOf(context).accountId);

export const setAutoTopUp = (
  context: Context,
  input: {
    enabled: boolean;
    threshold?: Optional<number>;
    packCode?: Optional<string>;
    monthlyLimit?: Optional<number>;
  },
): Promise<AutoTopUp> =>
  context.services.billing.autoTopUp.set(callerOf(context).accountId, {
    enabled: input.enabled,
    threshold: input.threshold ?? null,
    packCode: input.packCode ?? null,
    monthlyLimit: input.monthlyLimit,
  });

export const threshold = ({ services }: Context, settings: AutoTopUp): number =>
  settings.threshold ?? services.catalog.snapshot().lowBalanceThreshold;

/** The pack that is bought; null when none was set, or when it is not sold any more. */
export const pack = ({ services }: Context, { packCode }: AutoTopUp): CreditPack | null =>
  services.catalog.snapshot().creditPackByCode.get(packCode ?? '') ?? null;
