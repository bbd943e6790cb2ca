import { adminKey, type TestApp } from './test-app.ts';

/** What comes of a move of the clock. */
export interface ClockAnswer {
  readonly __typename: string;
  readonly now?: string;
  readonly code?: string;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
}

const answerFields = '__typename ... on ClockSetting { now } ... on InvalidInputError { code issues { path message } }';

export const advanceDocument = `mutation ($seconds: Int!) { advanceClock(seconds: $seconds) { ${answerFields} } }`;
export const setDocument = `mutation ($to: DateTime!) { setClock(to: $to) { ${answerFields} } }`;

/** Moves the clock ahead as an administrator does, whatever comes of it. */
export async function advanceClock(app: Pick<TestApp, 'graphql'>, seconds: number): Promise<ClockAnswer> {
  const { data, errors } = await app.graphql<{ advanceClock: ClockAnswer }>(advanceDocument, {
    key: adminKey,
    variables: { seconds },
  });
  if (errors.length > 0) throw new Error(`The clock was not moved: ${JSON.stringify(errors)}`);
  return data.advanceClock;
}

/** Sets the clock as an administrator does, whatever comes of it. */
export async function setClock(app: Pick<TestApp, 'graphql'>, to: string): Promise<ClockAnswer> {
  const { data, errors } = await app.graphql<{ setClock: ClockAnswer }>(setDocument, {
    key: adminKey,
    variables: { to },
  });
  if (errors.length > 0) throw new Error(`The clock was not set: ${JSON.stringify(errors)}`);
  return data.setClock;
}

/** What a server's clock shows, as its clients can see it. */
export async function shownTime(app: Pick<TestApp, 'graphql'>): Promise<string> {
  const { data } = await app.graphql<{ quote: { expiresAt: string } }>(
    '{ quote(input: { modelId: "gmi/openai-o4-mini" }) { ... on Quote { expiresAt } } }',
  );
  // A quote is good for ten minutes.
  return new Date(Date.parse(data.quote.expiresAt) - 600_000).toISOString();
}
