import type { Prisma } from '../../../src/db/index.ts';
import type { handledEventTypes } from '../../../src/billing/apply-event.ts';
import { createSubscriber, stripeOf, type Subscriber } from '../../support/subscriber.ts';
import type { TestApp } from '../../support/test-app.ts';
import { type Digest, digestOf } from './digest.ts';

type ObjectRow = Prisma.StripeSandboxObjectCreateManyInput;

/** All that Stripe has of one account at a moment. */
export type StripeState = readonly ObjectRow[];

/** Something that happened at Stripe, the event that tells of it, and what Stripe had right after it. */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly row: ObjectRow;
  readonly state: StripeState;
}

/** A story that was lived once, to be heard of again in any order. */
export interface Recording {
  readonly accountId: string;
  /** What we knew before anything was heard. */
  readonly customer: Prisma.StripeCustomerCreateManyInput;
  readonly checkouts: readonly Prisma.CheckoutCreateManyInput[];
  /** What was heard in order, before credits were spent. */
  readonly before: readonly RecordedEvent[];
  readonly spent: number;
  /** What is heard in any order. */
  readonly events: readonly RecordedEvent[];
  readonly final: StripeState;
  /** What came of the story as it was lived, each event heard at once. */
  readonly lived: Digest;
}

/** Who writes a story down while it is lived. */
export interface Recorder {
  readonly subscriber: Subscriber;
  readonly stripe: ReturnType<typeof stripeOf>;
  /** Does something a second later. Of the events that it causes, those of the types that are named belong to the story. */
  readonly step: <Result>(
    types: readonly (typeof handledEventTypes)[number][],
    act: () => Promise<Result>,
  ) => Promise<Result>;
  /** Spends credits of what has come; what was heard until now comes first in every order, and once more in any. */
  readonly spend: (credits: number) => Promise<void>;
}

/** These belong to no account, or are nobody's business. */
const sharedKinds = ['product', 'price', 'sandbox_settings', 'event'];

const copyOf = ({ id, kind, data, createdAt }: { id: string; kind: string; data: Prisma.JsonValue; createdAt: Date }) =>
  // The clock has passed all that could fall due, and nothing is to happen by itself: `dueAt` is left out.
  ({ id, kind, data: data as Prisma.InputJsonValue, createdAt }); // No row of this table is JSON's null.

/** Lives a story and writes it down. Nobody else lives in that database. */
export async function record(app: TestApp, live: (recorder: Recorder) => Promise<void>): Promise<Recording> {
  const { prisma } = app.database;
  const subscriber = await createSubscriber(app);
  const stripe = stripeOf(app);
  const events: RecordedEvent[] = [];
  let before: readonly RecordedEvent[] = [];
  let spent = 0;

  const readRows = (where: Prisma.StripeSandboxObjectWhereInput): Promise<ObjectRow[]> =>
    prisma.stripeSandboxObject.findMany({ where, orderBy: { sequence: 'asc' } }).then((rows) => rows.map(copyOf));
  const readState = (): Promise<StripeState> => readRows({ kind: { notIn: sharedKinds } });

  await live({
    subscriber,
    stripe,
    step: async (types, act) => {
      app.clock.advanceSeconds(1);
      const known = await stripe.listEvents();
      const result = await act();
      await app.app.jobs.runDue();
      const made = (await stripe.listEvents()).slice(known.length);
      const told = made.filter(({ type }) => types.some((wanted) => wanted === type));
      const missing = types.filter((wanted) => !told.some(({ type }) => type === wanted));
      if (missing.length > 0) throw new Error(`No event told of ${missing.join(', ')}.`);
      const state = await readState();
      const rows = new Map((await readRows({ kind: 'event' })).map((row) => [row.id, row]));
      for (const { id, type } of told) {
        const row = rows.get(id);
        if (row !== undefined) events.push({ id, type, row, state });
      }
      return result;
    },
    spend: async (credits) => {
      before = [...events];
      spent = credits;
      await subscriber.spend(credits);
    },
  });

  const accountId = subscriber.id;
  const checkouts = await prisma.checkout.findMany({ where: { accountId } });
  return {
    accountId,
    customer: await prisma.stripeCustomer.findUniqueOrThrow({ where: { accountId } }),
    checkouts: checkouts.map((row) => ({ ...row, status: 'CREATED', creditsGranted: 0, completedAt: null })),
    before,
    spent,
    events,
    final: await readState(),
    lived: await digestOf(app, accountId),
  };
}
