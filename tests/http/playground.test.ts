import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { getVariableValues, Kind, type OperationDefinitionNode, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentProblem } from '../../src/http/document-limits.ts';
import { exampleTabs } from '../../src/http/playground/examples.ts';
import { playgroundPage } from '../../src/http/playground/page.ts';
import { createPlayground } from '../../src/http/playground.ts';
import { HttpError } from '../../src/http/request.ts';
import { schema } from '../../src/schema/index.ts';

const keys = { demoKey: 'a-demo-key', adminKey: 'an-admin-key' };
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

const playground = createPlayground(keys);
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      response.writeHead(error instanceof HttpError ? error.status : 500).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // A TCP server has an address and a port.
  origin = `http://127.0.0.1:${port}`;
});

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const file = /^\/playground\/(.*)$/.exec(url.pathname)?.[1];
  if (file !== undefined) await playground.file(request, response, file);
  else if (playground.isWanted(request, url)) playground.page(request, response);
  else response.writeHead(406).end();
}

afterAll(() => {
  server.close();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Asks without a client that decompresses by itself. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const request = httpRequest(`${origin}${path}`, { method, headers });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage]; // What Node gives with this event.
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

const pageText = async (): Promise<string> => (await get('/graphql', html)).body.toString();

/** The addresses of everything that the page loads. */
const addressesIn = (page: string): string[] =>
  [...page.matchAll(/ (?:src|href)="([^"]*)"/g)].map(([, address = '']) => address);

async function addressOf(pattern: RegExp): Promise<string> {
  const address = addressesIn(await pageText()).find((candidate) => pattern.test(candidate));
  if (address === undefined) throw new Error(`The page loads nothing like ${pattern}.`);
  return address;
}

describe('the examples', () => {
  const tabs = exampleTabs(keys).map((tab) => {
    const document = parse(tab.query);
    const operations = document.definitions.filter(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    );
    return { ...tab, document, operations, name: operations[0]?.name?.value ?? '' };
  });

  test.each(tabs)('$name fits the schema and the limits of a document', ({ document }) => {
    expect(validate(schema, document)).toEqual([]);
    expect(documentProblem(document)).toBeNull();
  });

  test.each(tabs)('$name has the variables of each of its operations', ({ operations, variables }) => {
    // The page makes instants of days.
    const days = (variables ?? '{}').replace(/"today([+-]\d+)?"/g, '"2026-01-31T00:00:00Z"');
    for (const { variableDefinitions = [] } of operations) {
      const given = JSON.parse(days) as Record<string, unknown>; // An object, as the page has it.
      expect(getVariableValues(schema, variableDefinitions, given)).not.toHaveProperty('errors');
    }
  });

  test('have names of their own, and their operations too', () => {
    const names = tabs.flatMap(({ operations }) => operations.map(({ name }) => name?.value));
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
  });

  test('have their keys in the headers and nowhere else', () => {
    for (const { query, variables, headers, name } of tabs) {
      const key = name === 'AdminAccount' ? keys.adminKey : keys.demoKey;
      expect(JSON.parse(headers ?? '{}')).toEqual({ authorization: `Bearer ${key}` });
      expect(`${query}${variables}`).not.toMatch(/a-demo-key|an-admin-key/);
    }
  });

  test('have no key, and no tab for the administrator, where there is none to show', () => {
    const shown = exampleTabs({ demoKey: null, adminKey: null });
    expect(shown).toHaveLength(tabs.length - 1);
    expect(shown.map(({ headers }) => headers)).toEqual(shown.map(() => null));
    expect(shown.map(({ query }) => query).join()).not.toContain('AdminAccount');
  });

  test('call every mutation of the schema', () => {
    const called = tabs.flatMap(({ operations }) =>
      operations.flatMap(({ selectionSet }) =>
        selectionSet.selections.map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : '')),
      ),
    );
    expect(called).toEqual(expect.arrayContaining(Object.keys(schema.getMutationType()?.getFields() ?? {})));
  });
});

describe('the page', () => {
  test('is for browsers: not for a client of the API, and not for a query in the address', async () => {
    expect((await get('/graphql', html)).status).toBe(200);
    expect((await get('/graphql', { accept: 'application/json' })).status).toBe(406);
    expect((await get('/graphql', { accept: '*/*' })).status).toBe(406);
    expect((await get('/graphql')).status).toBe(406);
    expect((await get('/graphql?query={plans{id}}', html)).status).toBe(406);
  });

  test('allows only what this server has', async () => {
    const { headers } = await get('/graphql', html);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect(headers['vary']).toContain('accept');
  });

  test('loads only files of ours, under names that carry a hash, and each of them is there', async () => {
    const page = await pageText();
    const addresses = addressesIn(page);
    expect(addresses).toHaveLength(7);
    for (const address of addresses) {
      expect(address).toMatch(/^\/playground\/[\w.-]+\.[0-9a-f]{16}\.(js|css|svg)$/);
      expect((await get(address)).status).toBe(200);
    }
  });

  test('names no other host, and neither do its style sheets', async () => {
    // The examples show addresses of shots, which nothing loads.
    const page = (await pageText()).replace(/<script type="application\/json".*<\/script>/, '');
    expect(page).not.toMatch(/https?:|["'(]\/\//);
    for (const address of addressesIn(page).filter((candidate) => candidate.endsWith('.css'))) {
      const style = (await get(address)).body.toString();
      const targets = [...style.matchAll(/url\(\s*["']?([^)"']{0,20})/g)].map(([, target]) => target);
      expect(targets.filter((target) => !target?.startsWith('data:'))).toEqual([]);
      expect(style).not.toContain('@import');
    }
  });

  test('has no script in itself, and its data cannot end their element', () => {
    const files = { icon: '/icon.svg', styleSheets: [], scripts: ['/script.js'] };
    const page = playgroundPage(files, { demoKey: '</script><script>alert(1)</script>', adminKey: null });
    const scripts = [...page.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
    expect(scripts.filter((tag) => !tag.includes(' src='))).toEqual([
      '<script type="application/json" id="playground-data">',
    ]);
  });

  test('answers HEAD without a body', async () => {
    const { status, headers, body } = await get('/graphql', html, 'HEAD');
    expect([status, body.length]).toEqual([200, 0]);
    expect(Number(headers['content-length'])).toBeGreaterThan(1_000);
  });
});

describe('the files', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['', undefined],
  ])('are compressed as the client takes it: "%s" gets %s', async (accepted, encoding) => {
    const address = await addressOf(/graphiql.*\.js$/);
    const { headers, body } = await get(address, { 'accept-encoding': accepted });
    const plain = (await get(address)).body;
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['vary']).toContain('accept-encoding');
    const unpacked = encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;
    expect(unpacked.equals(plain)).toBe(true);
    if (encoding !== undefined) expect(body.length).toBeLessThan(plain.length / 3);
  });

  test('are kept by the browser for good, and say what they are', async () => {
    const expected: [RegExp, string][] = [
      [/graphiql.*\.js$/, 'text/javascript; charset=utf-8'],
      [/graphiql.*\.css$/, 'text/css; charset=utf-8'],
      [/icon/, 'image/svg+xml'],
    ];
    for (const [pattern, type] of expected) {
      const { headers } = await get(await addressOf(pattern));
      expect(headers).toMatchObject({
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test.each(['graphiql.min.js', 'graphiql.min.0000000000000000.js', '..%2fpackage.json', '__proto__', ''])(
    'are no others: "%s" is not found',
    async (name) => {
      expect((await get(`/playground/${name}`)).status).toBe(404);
    },
  );
});
