import type { CatalogSnapshot, Plan } from './types.ts';

/** A plan by its code, sold or retired; null when there never was one. For what was bought before. */
export const findPlan = (snapshot: CatalogSnapshot, code: string): Plan | null =>
  snapshot.planByCode.get(code) ?? snapshot.retiredPlanByCode.get(code) ?? null;
