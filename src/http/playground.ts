import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExampleKeys } from './playground/examples.ts';
import { contentSecurityPolicy, playgroundPage } from './playground/page.ts';
import { createStaticFiles } from './playground/static-files.ts';
import { header } from './request.ts';
import { send } from './response.ts';

/** GraphiQL with examples, served whole from here: the page asks no other host for anything. */
export interface Playground {
  /** Whether a browser asks for the page: it accepts HTML and sends no query. */
  isWanted(request: IncomingMessage, url: URL): boolean;
  page(request: IncomingMessage, response: ServerResponse): void;
  /** Answers `/playground/<name>`. Throws `HttpError` 404 when there is no such file. */
  file(request: IncomingMessage, response: ServerResponse, name: string): Promise<void>;
}

const require = createRequire(import.meta.url);

// These files are not exported by their packages: their folders are found by what is.
const graphiql = dirname(require.resolve('graphiql/package.json'));
const react = dirname(require.resolve('react/package.json'));
const reactDom = dirname(require.resolve('react-dom/package.json'));
const own = fileURLToPath(new URL('./playground', import.meta.url));

const icon = join(own, 'icon.svg');
const styleSheets = [join(graphiql, 'graphiql.min.css'), join(own, 'playground.css')];
const scripts = [
  join(react, 'umd/react.production.min.js'),
  join(reactDom, 'umd/react-dom.production.min.js'),
  join(graphiql, 'graphiql.min.js'),
  join(own, 'playground.js'),
];

/** Makes the playground. Whoever opens its page sees the keys: give it only those that everybody may know. */
export function createPlayground(keys: ExampleKeys): Playground {
  const files = createStaticFiles([icon, ...styleSheets, ...scripts]);
  const addressOf = (path: string): string => `/playground/${files.nameOf(path)}`;
  const html = playgroundPage(
    { icon: addressOf(icon), styleSheets: styleSheets.map(addressOf), scripts: scripts.map(addressOf) },
    keys,
  );
  return {
    isWanted: (request, url) =>
      /\btext\/html\b/i.test(header(request, 'accept') ?? '') && !url.searchParams.has('query'),
    page: (_request, response) =>
      send(response, 200, html, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': contentSecurityPolicy,
        'referrer-policy': 'no-referrer',
        vary: 'accept, origin',
      }),
    file: (request, response, name) => files.send(request, response, name),
  };
}
