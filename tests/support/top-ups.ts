import { expect } from 'vitest';
import { type Outcome, openCheckout } from './billing.ts';
import { createStudio, mini, veo } from './studio.ts';
import { createSubscriber, stripeOf, type Subscriber } from './subscriber.ts';
import type { TestApp } from './test-app.ts';

const fields = 'enabled threshold pack { code } monthlyLimit suspended suspendedReason';

/** An account with a card kept at Stripe, that tops itself up. */
export async function createTopUpAccount(app: TestApp, testMethod: string | null = 'pm_card_visa') {
  const subscriber = await createSubscriber(app);
  const stripe = stripeOf(app);
  const studio = createStudio(app);
  // A checkout that nobody pays makes the customer.
  await openCheckout(app, subscriber.key);
  const { customerId } = await app.database.prisma.stripeCustomer.findUniqueOrThrow({
    where: { accountId: subscriber.id },
  });

  const ownEvents = async (): Promise<{ type: string; object: object }[]> =>
    (await stripe.listEvents())
      .map(({ type, data: { object } }) => ({ type, object }))
      .filter(({ object }) => 'customer' in object && object.customer === customerId);

  const account = {
    ...subscriber,
    customerId,
    /** Gives the customer a new default card, and lets Stripe's events come in. */
    changeCard: async (name: string): Promise<void> => {
      await stripe.changeCard(customerId, name);
      await app.app.jobs.runDue();
    },
    set: async (input: Record<string, unknown>): Promise<Outcome> => {
      const outcome = await setAutoTopUp(app, subscriber, input);
      await app.app.jobs.runDue();
      return outcome;
    },
    read: () => readAutoTopUp(app, subscriber),
    /** Spends so many times 3 credits, one call after the other, and lets all that follows at once happen. */
    spendThrees: async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) await studio.queue(subscriber.key, mini);
      await account.settle();
    },
    /** Spends 100 credits in four calls, and lets all that follows at once happen. */
    spendHundred: async (): Promise<void> => {
      for (let time = 0; time < 4; time += 1) await studio.queue(subscriber.key, veo);
      await account.settle();
    },
    settle: async (): Promise<void> => {
      await app.app.services.billing.autoTopUp.settled();
      await app.app.jobs.runDue();
    },
    hours: async (hours: number): Promise<void> => {
      await subscriber.days(hours / 24);
    },
    /** The id of what Stripe's newest event of a type for this customer speaks of. */
    newest: async (type: string): Promise<string> => {
      const event = (await ownEvents()).findLast((candidate) => candidate.type === type);
      if (event === undefined || !('id' in event.object)) throw new Error(`The customer has no event ${type}.`);
      return String(event.object.id);
    },
    /** How the charges of this customer ended at Stripe, the oldest first. */
    charges: async (): Promise<string[]> => {
      const ends = (await ownEvents()).filter(({ type }) => ['charge.succeeded', 'charge.failed'].includes(type));
      return ends.map(({ type }) => type.slice('charge.'.length));
    },
  };
  if (testMethod !== null) await account.changeCard(testMethod);
  return account;
}

/** Sets auto top-up as its owner does, whatever comes of it. */
export async function setAutoTopUp(
  app: TestApp,
  { key }: Pick<Subscriber, 'key'>,
  input: Record<string, unknown>,
): Promise<Outcome> {
  const { data, errors } = await app.graphql<{ setAutoTopUp: Outcome }>(
    `mutation ($input: SetAutoTopUpInput!) { setAutoTopUp(input: $input) {
      __typename ... on AutoTopUp { ${fields} } ... on Error { code message }
      ... on InvalidInputError { issues { path } } ... on UnknownCreditPackError { packCode }
    } }`,
    { key, variables: { input } },
  );
  expect(errors).toEqual([]);
  return data.setAutoTopUp;
}

/** Auto top-up as its owner sees it. */
export async function readAutoTopUp(
  app: TestApp,
  { key }: Pick<Subscriber, 'key'>,
): Promise<Record<string, unknown> | null> {
  const { data, errors } = await app.graphql<{ autoTopUp: Record<string, unknown> | null }>(
    `{ autoTopUp { ${fields} } }`,
    { key },
  );
  expect(errors).toEqual([]);
  return data.autoTopUp;
}
