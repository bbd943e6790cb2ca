/** Something that must always hold does not; stops the run. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
  /** Its number and name, such as `G01 a key has one effect`. */
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

/** Stops the run unless the condition holds; `detail` says what was found, with its ids. */
export function must(condition: boolean, invariant: string, detail: () => string): asserts condition {
  if (!condition) throw new InvariantBroken(invariant, detail());
}

/** Stops the run unless the two are the same. */
export function mustEqual(found: unknown, wanted: unknown, invariant: string, what: string): void {
  must(found === wanted, invariant, () => `${what} is ${String(found)}, not ${String(wanted)}`);
}
