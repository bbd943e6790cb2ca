import type { Prisma } from '../../../src/db/index.ts';
import type { AccountId, Credits, HoldId } from '../../../src/ledger/index.ts';
import { stripeOf } from '../../support/subscriber.ts';
import type { TestApp } from '../../support/test-app.ts';
import { type Digest, digestOf } from './digest.ts';
import type { Order } from './orders.ts';
import type { RecordedEvent, Recording, StripeState } from './recording.ts';

let replays = 0;

/** Every id of Stripe's and of ours; those of the catalog are for all accounts. */
const idPattern = /\b(?!price_|prod_)(?:[a-z]+_)+[0-9A-Za-z]{24,}/g;

/** Gives recorded things ids of their own: the same ones for the same things. */
function renamed<Type>(recorded: Type, accountIds: { from: string; to: string }, suffix: string): Type {
  const text = JSON.stringify(recorded).replaceAll(idPattern, (id) =>
    id === accountIds.from ? accountIds.to : id.slice(0, -suffix.length) + suffix,
  );
  return JSON.parse(text) as Type; // Ids are texts, and stay texts.
}

/** A recorded story on an account of its own, of which nothing was heard yet. */
export async function startReplay(app: TestApp, recording: Recording) {
  const { prisma } = app.database;
  replays += 1;
  const suffix = String(replays).padStart(6, '0');
  const { id: accountId } = await app.newAccount();
  const rename = <Type>(recorded: Type): Type =>
    renamed(recorded, { from: recording.accountId, to: accountId }, suffix);

  await prisma.stripeCustomer.createMany({ data: [rename(recording.customer)] });
  await prisma.checkout.createMany({ data: rename([...recording.checkouts]) });

  /** What Stripe has of this account now. */
  let present: StripeState | null = null;
  let shown: readonly string[] = [];
  const show = async (state: StripeState): Promise<void> => {
    if (state === present) return;
    const rows = rename([...state]);
    await prisma.$transaction([
      prisma.stripeSandboxObject.deleteMany({ where: { id: { in: [...shown] } } }),
      prisma.stripeSandboxObject.createMany({ data: rows }),
    ]);
    present = state;
    shown = rows.map(({ id }) => id);
  };

  const sent = new Set<string>();
  /** Has an event ready to be sent, and gives its id. */
  const stage = async (event: RecordedEvent, copy: 'FIRST' | 'ANOTHER'): Promise<string> => {
    const row = rename(event.row);
    const id = copy === 'FIRST' ? row.id : `${row.id}copy`;
    if (sent.has(id)) return id;
    sent.add(id);
    const data = { ...(row.data as Prisma.InputJsonObject), id }; // Events are objects.
    await prisma.stripeSandboxObject.createMany({ data: [{ ...row, id, data }] });
    return id;
  };

  const hear = async (event: RecordedEvent, copy: 'FIRST' | 'SAME' | 'ANOTHER'): Promise<void> => {
    const id = await stage(event, copy === 'SAME' ? 'FIRST' : copy);
    const outcome = await stripeOf(app).deliverEvent(id);
    if (outcome !== 'accepted') throw new Error(`The webhook did not take ${event.type}: ${outcome}.`);
    await app.app.jobs.runDue();
  };

  const spend = async (credits: number): Promise<void> => {
    const holdId = `hold_${suffix}` as HoldId; // The one hold of this account.
    const hold = { kind: 'hold', holdId, amount: credits as Credits, lifetimeMs: 60_000 } as const;
    const wallet = accountId as AccountId; // Made a moment ago.
    for (const command of [hold, { kind: 'capture', holdId, amount: null } as const]) {
      const answer = await app.app.services.ledger.execute({ accountId: wallet, command });
      if (answer.kind !== 'applied') throw new Error(`${credits} credits were not spent: ${JSON.stringify(answer)}.`);
    }
  };

  for (const event of recording.before) {
    await show(event.state);
    await hear(event, 'FIRST');
  }
  if (recording.spent > 0) await spend(recording.spent);

  return {
    accountId,
    show,
    stage,
    hear,
    digest: (): Promise<Digest> => digestOf(app, accountId),
    /** What Stripe has of the account is forgotten, so that the next ones do not wade through it. */
    end: async (): Promise<void> => {
      await prisma.stripeSandboxObject.deleteMany({ where: { id: { in: [...shown, ...sent] } } });
    },
  };
}

/** Hears of a story in an order, on an account of its own, and tells what came of it. */
export async function replay(app: TestApp, recording: Recording, order: Order): Promise<Digest> {
  const account = await startReplay(app, recording);
  for (const { event: place, copy } of order.deliveries) {
    const event = recording.events[place];
    if (event === undefined) throw new Error(`The story has no event ${place}.`);
    await account.show(order.series === 'LATE' ? recording.final : event.state);
    // What was heard before credits were spent comes again under another id: its own is known.
    const isKnown = recording.before.includes(event);
    await account.hear(event, isKnown && copy === 'FIRST' ? 'ANOTHER' : copy);
  }
  const digest = await account.digest();
  await account.end();
  return digest;
}
