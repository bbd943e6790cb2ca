import { createHash } from 'node:crypto';
import { createRandom } from '../support/random.ts';

/** Decisions that look random and are the same for a seed. */
export interface Chance {
  /** 0 to `limit` - 1. */
  below(limit: number): number;
  /** Both included. */
  between(lowest: number, highest: number): number;
  oneIn(count: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  bytes(length: number): Buffer;
}

/** One stream of decisions of a seed; streams of other names are independent of it. */
export function createChance(seed: number, stream: string): Chance {
  const random = createRandom(createHash('sha256').update(`${seed} ${stream}`).digest().readInt32BE());
  const below = (limit: number): number => random.below(limit);
  return {
    below,
    between: (lowest, highest) => lowest + below(highest - lowest + 1),
    oneIn: (count) => below(count) === 0,
    pick: (items) => random.pick(items),
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}
