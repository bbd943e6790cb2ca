interface Entry<Value> {
  readonly value: Value;
  readonly weight: number;
}

/**
 * Keeps what was used last, up to a weight. Two generations instead of a list in order of use: what is asked for again
 * goes over into the new one, and the old one is dropped as a whole when the new one has half of the weight.
 */
export class BoundedCache<Value> {
  readonly #halfWeight: number;
  readonly #weigh: (key: string, value: Value) => number;
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();
  #youngWeight = 0;

  constructor(mostWeight: number, weigh: (key: string, value: Value) => number) {
    this.#halfWeight = mostWeight / 2;
    this.#weigh = weigh;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#keep(key, old);
    return old.value;
  }

  /** Keeps a value; one that alone has half of the weight would drive out all others and is not kept. */
  set(key: string, value: Value): void {
    const weight = this.#weigh(key, value);
    if (weight < this.#halfWeight) this.#keep(key, { value, weight });
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngWeight = 0;
  }

  #keep(key: string, entry: Entry<Value>): void {
    this.#youngWeight += entry.weight - (this.#young.get(key)?.weight ?? 0);
    if (this.#youngWeight > this.#halfWeight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = entry.weight;
    }
    this.#young.set(key, entry);
  }
}
