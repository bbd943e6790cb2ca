import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, codeOf, postGraphql, sendRaw } from '../support/http.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const origin = 'https://studio.example';
const query = '{ billing { mode } }';
const mostBodyBytes = 262_144;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp('postgres', { environment: { ALLOWED_ORIGINS: `${origin}, https://app.example:8443` } });
});
afterAll(() => app.close());

/** Whether the server still answers others, and quickly. */
const stillAnswers = async (): Promise<boolean> => (await postGraphql(app.url, { query })).status === 200;

describe('health', () => {
  test('given a server, when its health is asked for, then it answers without the database, also to HEAD', async () => {
    expect(await ask(`${app.url}/health`)).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await ask(`${app.url}/health`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect((await ask(`${app.url}/health/more`)).status).toBe(404);
    expect((await ask(`${app.url}/health`, { method: 'POST' })).status).toBe(404);
  });

  test('given a server whose database is gone, when it is asked whether it is ready, then it is not, though it is healthy', async () => {
    const lost = await startTestApp('postgres');
    expect(await ask(`${lost.url}/ready`)).toMatchObject({ status: 200, json: { status: 'ready' } });
    await lost.database.close();
    expect(await ask(`${lost.url}/ready`)).toMatchObject({ status: 503, json: { status: 'not ready' } });
    expect((await ask(`${lost.url}/health`)).status).toBe(200);
    await lost.app.close().catch(() => {}); // Its database is closed already.
  });
});

describe('cross-origin requests', () => {
  test.each([
    ['an allowed origin', origin, origin],
    ['another allowed origin', 'https://app.example:8443', 'https://app.example:8443'],
    ['no origin', null, null],
    ['a foreign origin', 'https://evil.example', null],
    ['an origin that begins alike', `${origin}.evil.example`, null],
    ['the same host over http', 'http://studio.example', null],
    ['another port', 'https://app.example', null],
    ['a sandboxed page', 'null', null],
    ['a wildcard', '*', null],
  ])(
    'given %s, when it asks or asks beforehand, then only the allow-list is answered',
    async (_name, from, allowed) => {
      const headers: Record<string, string> = from === null ? {} : { origin: from };
      const preflight = await ask(`${app.url}/graphql`, {
        method: 'OPTIONS',
        headers: {
          ...headers,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
      });
      const answers = [
        preflight,
        await postGraphql(app.url, { query }, headers),
        await postGraphql(app.url, { query }, { ...headers, authorization: 'Bearer wzrd_nobody' }),
        await ask(`${app.url}/functions/v1/nothing`, { headers }),
        await ask(`${app.url}/functions/v1/billing-catalog`, { headers }),
      ];
      for (const answer of answers) {
        expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
        expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
        expect(answer.headers.get('vary')).toMatch(/origin/i);
      }
      expect(preflight.status).toBe(204);
    },
  );

  test('given the headers that front ends send, when they ask beforehand, then all are allowed', async () => {
    const { headers } = await ask(`${app.url}/functions/v1/generate`, { method: 'OPTIONS', headers: { origin } });
    const allowed = (headers.get('access-control-allow-headers') ?? '').split(/, */);
    for (const name of ['authorization', 'content-type', 'apikey', 'x-client-info', 'idempotency-key', 'x-api-key']) {
      expect(allowed).toContain(name);
    }
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, OPTIONS');
    expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
  });
});

describe('what is not a request', () => {
  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'query=mutation+%7B+__typename+%7D'],
    [
      'a multipart form',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
    ],
    ['plain text', 'text/plain', '{"query":"mutation { __typename }"}'],
    ['application/graphql', 'application/graphql', 'mutation { __typename }'],
    ['a type that begins alike', 'application/jsonp', '{"query":"{ __typename }"}'],
  ])(
    'G38 given a mutation as %s, as any page can post it, when it comes, then it is 415',
    async (_name, type, body) => {
      const answer = await postGraphql(app.url, body, { 'content-type': type });
      expect([answer.status, codeOf(answer)]).toEqual([415, 'BAD_REQUEST']);
    },
  );

  test('given JSON with a character set, when it comes, then it is answered', async () => {
    const answer = await postGraphql(app.url, { query }, { 'content-type': 'Application/JSON; charset=UTF-8' });
    expect(answer.json).toEqual({ data: { billing: { mode: 'SANDBOX' } } });
  });

  test('given other methods, when they come, then they are 405 or find nothing', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      expect([method, (await ask(`${app.url}/graphql`, { method })).status]).toEqual([method, 405]);
    }
    expect((await ask(`${app.url}/graphql?query=${encodeURIComponent(query)}`)).json).toEqual({
      data: { billing: { mode: 'SANDBOX' } },
    });
    const mutation = encodeURIComponent('mutation { __typename }');
    expect((await ask(`${app.url}/graphql?query=${mutation}`)).status).toBe(405);
    for (const path of ['/nothing', '/graphql/more', '/functions/v2/generate', '/assets/', '/assets/asset_1']) {
      expect([path, (await ask(`${app.url}${path}`)).status]).toEqual([path, 404]);
    }
  });

  test.each(['{"query":', '', 'null', '7', '"{ __typename }"', '[]', '{}', '{"query":7}', '{"query":null}'])(
    'G38 given the body %j, when it comes, then it is 400 BAD_REQUEST without a word about the inside',
    async (body) => {
      for (const accept of ['application/json', 'application/graphql-response+json']) {
        const answer = await postGraphql(app.url, body, { accept });
        expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
        expect(answer.text).not.toMatch(/\bat \S+:\d+|node_modules|\.ts\b|SyntaxError/);
      }
    },
  );

  test('G38 given a batch of documents, when it comes, then it is refused', async () => {
    const answer = await postGraphql(app.url, [{ query }, { query }]);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
  });

  test('G38 given addresses that are none, when they come, then they are 400 or 404, and nothing is logged as our own failure', async () => {
    const before = app.logged.length;
    const { host } = new URL(app.url);
    for (const target of ['//', '///', '/%', '/functions/v1/generations/%ff', '/assets/%00', '*', '/\\']) {
      const answer = await sendRaw(app.url, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect([target, answer.slice(0, 13)]).toEqual([target, expect.stringMatching(/^HTTP\/1\.1 40[014] /)]);
    }
    expect(app.logged.slice(before)).toEqual([]);
  });

  test('given a request through a proxy, with the whole address, when it comes, then it is answered alike', async () => {
    const target = `http://studio.example/graphql?query=${encodeURIComponent(query)}`;
    const answer = await sendRaw(
      app.url,
      `GET ${target} HTTP/1.1\r\nHost: studio.example\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain('{"data":{"billing":{"mode":"SANDBOX"}}}');
  });
});

describe('bodies', () => {
  const head = (extra: string): string =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${extra}\r\n`;

  test('given the largest body that is allowed, when it comes, then it is answered; with one byte more it is 413', async () => {
    const request = JSON.stringify({ query, variables: { padding: '' } });
    const padded = (bytes: number): string => request.replace('""', JSON.stringify('x'.repeat(bytes - request.length)));
    expect((await postGraphql(app.url, padded(mostBodyBytes))).json).toEqual({
      data: { billing: { mode: 'SANDBOX' } },
    });
    const refused = await postGraphql(app.url, padded(mostBodyBytes + 1));
    expect([refused.status, codeOf(refused)]).toEqual([413, 'BAD_REQUEST']);
    expect(await stillAnswers()).toBe(true);
  });

  test('G38 given a body of 20 MB, on any route, when it comes, then it is 413', async () => {
    const body = Buffer.alloc(20_000_000, 120);
    for (const path of ['/graphql', '/functions/v1/billing-webhook', '/functions/v1/generate']) {
      const { key } = await app.newAccount();
      const answer = await ask(`${app.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body,
      });
      expect([path, answer.status]).toEqual([path, 413]);
    }
    expect(await stillAnswers()).toBe(true);
  });

  test('G38 given a body in chunks that never end, when it is too large, then it is answered with 413 and the connection ends', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on('error', () => {}); // The server may end the connection while we still write.
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const pour = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('drain', pour);
    socket.write(head('Transfer-Encoding: chunked\r\n'));
    pour();
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(await stillAnswers()).toBe(true);
  });

  test('G38 given a client that goes away in the middle of its body, when others ask, then they are answered and nothing is logged', async () => {
    const before = app.logged.length;
    const { hostname, port } = new URL(app.url);
    for (let time = 0; time < 5; time += 1) {
      const socket = connect(Number(port), hostname);
      await new Promise<void>((resolve) =>
        socket.write(`${head('Content-Length: 1000\r\n')}{"query":"`, () => resolve()),
      );
      socket.destroy();
    }
    expect(await stillAnswers()).toBe(true);
    expect(app.logged.slice(before)).toEqual([]);
  });
});

describe('an answer', () => {
  test('given fields in an order of their own, when they are answered, then they stand in that order', async () => {
    const { text } = await postGraphql(app.url, {
      query: `query ($yes: Boolean!) {
        z: billing { mode } plans { code } a: billing { checkoutAvailable mode } ...Models @include(if: $yes)
        creditPacks { credits code name }
      }
      fragment Models on Query { model(id: "fal-ai/flux/schnell") { credits id name } }`,
      variables: { yes: true },
    });
    const keys = [...text.matchAll(/"(z|plans|a|model|creditPacks)":/g)].map(([, name]) => name);
    expect(keys).toEqual(['z', 'plans', 'a', 'model', 'creditPacks']);
    expect(text).toContain('"a":{"checkoutAvailable":true,"mode":"SANDBOX"}');
    expect(text).toContain('"model":{"credits":3,"id":"fal-ai/flux/schnell","name":"FLUX Schnell"}');
  });

  test('given an Idempotency-Key header, when it comes with two mutations, then none runs; with a query it has no meaning', async () => {
    const { id, key } = await app.newAccount();
    const generate = 'generate(input: { modelId: "fal-ai/flux/schnell", prompt: "x" }) { __typename }';
    const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'one-key' };
    for (const document of [
      `mutation { a: ${generate} b: ${generate} }`,
      `mutation { ...Both } fragment Both on Mutation { a: ${generate} b: ${generate} }`,
      `query Q { billing { mode } } mutation M { a: ${generate} b: ${generate} }`,
    ]) {
      const body = { query: document, ...(document.startsWith('query') ? { operationName: 'M' } : {}) };
      const answer = await postGraphql(app.url, body, headers);
      expect(codeOf(answer)).toBe('BAD_REQUEST');
    }
    expect(await app.database.prisma.generation.count({ where: { accountId: id } })).toBe(0);
    expect(
      (await postGraphql(app.url, { query: '{ a: wallet { held } b: wallet { held } }' }, headers)).json?.data,
    ).toEqual({
      a: { held: 0 },
      b: { held: 0 },
    });
  });
});
