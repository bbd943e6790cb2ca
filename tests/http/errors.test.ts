import { buildSchema, isEnumType, isObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { expectedErrors } from '../../src/errors.ts';
import { describeOnBoth } from '../support/databases.ts';
import { ask, codeOf, postGraphql } from '../support/http.ts';
import { printedSchema } from '../support/printed-schema.ts';
import { adminKey, startTestApp } from '../support/test-app.ts';

describe('the table of expected failures', () => {
  const schema = buildSchema(printedSchema());

  test.each(Object.entries(expectedErrors))('%s has its type, which implements Error', (code, { type, httpStatus }) => {
    const object = schema.getType(type);
    expect(isObjectType(object) && object.getInterfaces().map(({ name }) => name)).toEqual(['Error']);
    expect(object?.description).toBeTruthy();
    expect(type).toBe(
      `${code.toLowerCase().replaceAll(/(^|_)(\w)/g, (_all, _gap, letter: string) => letter.toUpperCase())}Error`,
    );
    expect(httpStatus).toBeGreaterThanOrEqual(400);
    expect(httpStatus).toBeLessThan(600);
  });

  test('it has every type that implements Error, and every ErrorCode, and none else', () => {
    const types = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Error') ? [type.name] : [],
    );
    expect(types.sort()).toEqual(
      Object.values(expectedErrors)
        .map(({ type }) => type)
        .sort(),
    );
    const codes = schema.getType('ErrorCode');
    expect(
      isEnumType(codes) &&
        codes
          .getValues()
          .map(({ name }) => name)
          .sort(),
    ).toEqual(Object.keys(expectedErrors).sort());
  });

  test('only what may succeed later, as it is, is called retryable', () => {
    const retryable = Object.entries(expectedErrors).flatMap(([code, error]) => (error.retryable ? [code] : []));
    expect(retryable).toEqual(['MODEL_UNAVAILABLE', 'PAYMENT_PROVIDER', 'BUSY']);
  });
});

describeOnBoth('A failure of our own', (kind) => {
  test('given a table that is gone, when it is needed, then the answer has an id that the log has too, and not a word about the inside', async () => {
    const app = await startTestApp(kind);
    const { key } = await app.newAccount();
    await app.database.prisma.$executeRawUnsafe('ALTER TABLE checkout RENAME TO checkout_that_is_gone');
    const before = app.logged.length;

    const headers = { authorization: `Bearer ${key}` };
    const query = '{ checkout(id: "checkout_1") { id } wallet { available } }';
    const answer = await postGraphql(app.url, { query }, headers);
    expect(answer.status).toBe(200);
    // What does not need the table is answered.
    expect(answer.json?.data).toEqual({ checkout: null, wallet: { available: 100 } });
    const id = answer.json?.errors?.[0]?.extensions?.id;
    expect(answer.json?.errors).toEqual([
      {
        message: `Something went wrong on our side. If it stays, ask about ${id}.`,
        locations: [{ line: 1, column: 3 }],
        path: ['checkout'],
        extensions: { code: 'INTERNAL', id },
      },
    ]);
    expect(id).toMatch(/^error_\w{26}$/);
    expect(answer.text).not.toMatch(/prisma|checkout_that_is_gone|relation|select|\bat \S+:\d+|\.ts\b|node_modules/i);

    // The log has the same id with what happened, once.
    const lines = app.logged.slice(before).filter((line) => line.includes(String(id)));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/checkout/);
    expect(lines[0]).toContain('"level":50');
    expect(app.logged.join('')).not.toContain(key);
    await app.close();
  });

  test('given tables that are gone, when routes other than GraphQL need them, then it is 500 in their own format', async () => {
    const app = await startTestApp(kind);
    const { key } = await app.newAccount();
    await app.database.prisma.$executeRawUnsafe('ALTER TABLE generation RENAME TO generation_that_is_gone');
    const headers = { authorization: `Bearer ${key}` };
    const rest = await ask(`${app.url}/functions/v1/generations/gen_1`, { headers });
    expect(rest.status).toBe(500);
    expect(rest.json?.error).toMatch(/^Something went wrong on our side. If it stays, ask about error_\w{26}\.$/);
    expect(rest.json).toMatchObject({ details: null, timestamp: '2026-01-01T12:00:00.000Z' });

    // Even the sign-in: nobody is let in by a database that fails.
    await app.database.prisma.$executeRawUnsafe('ALTER TABLE api_key RENAME TO api_key_that_is_gone');
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const answer = await postGraphql(app.url, { query: '{ wallet { available } }' }, { accept, ...headers });
      expect([answer.status, codeOf(answer)]).toEqual([500, 'INTERNAL']);
      expect(answer.text).not.toMatch(/api_key|prisma|relation/i);
    }
    await app.close();
  });

  test('given a mutation that fails in the middle, when it is sent again after the repair, then it takes effect once', async () => {
    const app = await startTestApp(kind);
    const { id, key } = await app.newAccount();
    const grant = () =>
      postGraphql(
        app.url,
        {
          query: `mutation { grantCredits(input: { accountId: "${id}", credits: 5, reason: "x", idempotencyKey: "k" }) { __typename } }`,
        },
        { authorization: `Bearer ${adminKey}` },
      );
    // The key is written last: all before it has to be undone.
    await app.database.prisma.$executeRawUnsafe('ALTER TABLE idempotency_key RENAME COLUMN subject_id TO gone');
    expect(codeOf(await grant())).toBe('INTERNAL');
    await app.database.prisma.$executeRawUnsafe('ALTER TABLE idempotency_key RENAME COLUMN gone TO subject_id');
    for (let time = 0; time < 2; time += 1) {
      expect((await grant()).json?.data).toEqual({ grantCredits: { __typename: 'Grant' } });
    }
    const { data } = await app.graphql('{ wallet { available } }', { key });
    expect(data).toEqual({ wallet: { available: 105 } });
    await app.close();
  });
});
