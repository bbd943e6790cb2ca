/** Stops at a broken invariant: a wrong balance is worse than a failed request. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`Ledger invariant broken: ${invariant}.`);
}
