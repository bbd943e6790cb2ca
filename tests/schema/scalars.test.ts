import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('the scalars', () => {
  let testApp: TestApp;
  let key: string;

  beforeAll(async () => {
    testApp = await startTestApp('embedded');
    ({ key } = await testApp.newAccount());
  });
  afterAll(() => testApp.close());

  const availableAt = (asOf: unknown) =>
    testApp.graphql<{ wallet: { available: number } }>(
      'query ($asOf: DateTime) { wallet { available(asOf: $asOf) } }',
      { key, variables: { asOf } },
    );

  it.each([
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59-23:59',
    '2026-01-31T23:59:60Z',
    '2026-02-30T00:00:00Z',
    '2026-01-31',
    'now',
    7,
  ])('given %s as a DateTime, when it is sent, then it is refused as a bad request', async (asOf) => {
    const { errors } = await availableAt(asOf);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_REQUEST']);
  });

  it.each(['1970-01-01T00:00:00Z', '2025-12-31T23:59:59.999+01:00'])(
    'given %s as a DateTime, when it is sent, then it is an instant: nothing was there then',
    async (asOf) => {
      const { data, errors } = await availableAt(asOf);
      expect(errors).toEqual([]);
      expect(data.wallet.available).toBe(0);
    },
  );

  it('given a number that JSON has no name for, when it is sent in params, then it is refused and nothing is held', async () => {
    const response = await fetch(`${testApp.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: `{"query": "mutation ($params: JSONObject) { generate(input: { kind: IMAGE, prompt: \\"x\\", params: $params }) { __typename } }", "variables": {"params": {"num_images": 1e999}}}`,
    });
    expect(await response.json()).toEqual({ data: { generate: { __typename: 'InvalidInputError' } } });
  });
});
