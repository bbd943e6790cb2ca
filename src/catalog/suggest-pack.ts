import type { CatalogSnapshot, CreditPack } from './types.ts';

/** The smallest pack that covers the shortfall, else the largest; null when none is sold. */
export function suggestPack(snapshot: CatalogSnapshot, shortfall: number): CreditPack | null {
  const bySize = [...snapshot.creditPacks].sort((left, right) => left.credits - right.credits);
  return bySize.find((pack) => pack.credits >= shortfall) ?? bySize.at(-1) ?? null;
}
