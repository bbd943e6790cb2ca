import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, ModelsDocument, WalletDocument } from '../../src/client/index.ts';
import { codeOf, postGraphql } from '../support/http.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let open: TestApp;
let closed: TestApp;
beforeAll(async () => {
  open = await startTestApp('postgres');
  closed = await startTestApp('postgres', { environment: { PERSISTED_ONLY: 'true' } });
});
afterAll(async () => {
  await open.close();
  await closed.close();
});

const documentId = String(ModelsDocument.__meta__?.['hash']);

describe('a document that is named by its hash', () => {
  test('given the typed client, when it names its documents, then both kinds of server answer', async () => {
    for (const app of [open, closed]) {
      const client = createClient({ url: `${app.url}/graphql`, byHash: true });
      const { models } = await client.execute(ModelsDocument, { search: 'schnell' });
      expect(models).toMatchObject([{ id: 'fal-ai/flux/schnell', credits: 3 }]);
    }
    const { key } = await open.newAccount();
    const client = createClient({ url: `${open.url}/graphql`, byHash: true, apiKey: key });
    expect(await client.execute(WalletDocument)).toMatchObject({ wallet: { available: 100 } });
  });

  test.each([
    ['an id that names nothing', { documentId: 'sha256:00' }],
    ['an id that is no text', { documentId: 7 }],
    ['an id and a query', { documentId, query: '{ plans { code } }' }],
    ['neither', {}],
  ])('given %s, when it comes, then it is refused', async (_name, body) => {
    for (const app of [open, closed]) {
      const answer = await postGraphql(app.url, body);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
    }
  });
});

describe('a server that runs its own documents alone', () => {
  test('given another document, when it comes again and again, by POST or GET, then it is refused', async () => {
    for (let time = 0; time < 10; time += 1) {
      const answer = await postGraphql(closed.url, { query: '{ plans { code } }' });
      expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
      expect((await fetch(`${closed.url}/graphql?query=%7B__typename%7D`)).status).toBe(400);
    }
  });
});
