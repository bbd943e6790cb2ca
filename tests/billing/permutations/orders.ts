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

/** All orders of `count` events in both series, each once plain and once with every event doubled. */
export function allOrders(count: number): Order[] {
  const random = createRandom(count);
  return (['LATE', 'TIMELY'] as const).flatMap((series) =>
    permutationsOf(Array.from({ length: count }, (_, event) => event)).flatMap((events, index) => {
      const once = events.map((event): Delivery => ({ event, copy: 'FIRST' }));
      const copy = index % 2 === 0 ? 'ANOTHER' : 'SAME';
      return [
        { series, deliveries: once },
        { series, deliveries: doubled(once, copy, random) },
      ];
    }),
  );
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

/** At most so many of the orders, the same ones each time. */
export function sampleOf(orders: readonly Order[], limit: number): Order[] {
  const random = createRandom(limit);
  const left = [...orders];
  const sample: Order[] = [];
  while (sample.length < limit && left.length > 0) sample.push(...left.splice(random.below(left.length), 1));
  return sample;
}

/** "LATE 2, 0, 1, 0 the same, 2 the same, 1 the same" */
export const nameOf = ({ series, deliveries }: Order): string =>
  `${series} ${deliveries.map(({ event, copy }) => (copy === 'FIRST' ? `${event}` : `${event} ${copy}`)).join(', ')}`;
