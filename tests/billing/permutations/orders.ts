import { createRandom } from '../../support/random.ts';

/** `LATE`: Stripe is at the end of the story already; `TIMELY`: at what it was when the event was made. */
export type Series = 'LATE' | 'TIMELY';

/** One delivery of an event, by its place in the story. */
export interface Delivery {
  readonly event: number;
  /** The same event once more, or Stripe's second event about the same thing, which has an id of its own. */
  readonly copy: 'FIRST' | 'SAME' | 'ANOTHER';
}

export interface Order {
  readonly series: Series;
  readonly deliveries: readonly Delivery[];
}

/** All orders of `count` events, of each series and either way apart: plain, and with every event doubled. */
export function allOrders(count: number): Order[][] {
  const random = createRandom(count);
  const permutations = permutationsOf(Array.from({ length: count }, (_, event) => event)).map((events) =>
    events.map((event): Delivery => ({ event, copy: 'FIRST' })),
  );
  return (['LATE', 'TIMELY'] as const).flatMap((series) => [
    permutations.map((deliveries) => ({ series, deliveries })),
    permutations.map((once, index) => {
      const copy = index % 2 === 0 ? 'ANOTHER' : 'SAME';
      return { series, deliveries: doubled(once, copy, random) };
    }),
  ]);
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    permutationsOf(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}

/** Each event a second time, somewhere after the first. */
function doubled(
  once: readonly Delivery[],
  copy: Delivery['copy'],
  random: ReturnType<typeof createRandom>,
): readonly Delivery[] {
  const deliveries = [...once];
  for (const first of once) {
    const after = deliveries.indexOf(first) + 1;
    deliveries.splice(after + random.below(deliveries.length - after + 1), 0, { ...first, copy });
  }
  return deliveries;
}

/** At most so many of the orders, the same ones each time, and as many of each of their kinds. */
export function sampleOf(kinds: readonly (readonly Order[])[], limit: number): Order[] {
  const random = createRandom(kinds.length);
  const left = kinds.map((orders) => [...orders]);
  const sample: Order[] = [];
  while (left.some(({ length }) => length > 0)) {
    for (const orders of left) {
      if (sample.length >= limit) return sample;
      sample.push(...orders.splice(random.below(Math.max(1, orders.length)), 1));
    }
  }
  return sample;
}

/** "LATE 2, 0, 1, 0 the same, 2 the same, 1 the same" */
export const nameOf = ({ series, deliveries }: Order): string =>
  `${series} ${deliveries.map(({ event, copy }) => (copy === 'FIRST' ? `${event}` : `${event} ${copy}`)).join(', ')}`;
