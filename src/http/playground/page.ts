import { type ExampleKeys, exampleTabs, headersWith } from './examples.ts';

/**
 * What the page may do: load what this server has, and call it. GraphiQL's editor sets styles in the document
 * and brings its fonts and images inside its style sheet.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Where the page finds its parts. */
export interface PageFiles {
  readonly icon: string;
  /** In the order in which they apply. */
  readonly styleSheets: readonly string[];
  /** In the order in which they run. */
  readonly scripts: readonly string[];
}

/** The page. Its examples are data beside the scripts, so that no script stands in it. */
export function playgroundPage(files: PageFiles, keys: ExampleKeys): string {
  const data = { defaultHeaders: headersWith(keys.demoKey), tabs: exampleTabs(keys) };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>wzrd-credits playground</title>
<link rel="icon" href="${files.icon}">
${files.styleSheets.map((address) => `<link rel="stylesheet" href="${address}">`).join('\n')}
<script type="application/json" id="playground-data">${toJsonInHtml(data)}</script>
${files.scripts.map((address) => `<script defer src="${address}"></script>`).join('\n')}
</head>
<body>
<div id="playground">
<p class="loading">Loading the playground…</p>
<noscript><p class="loading">It needs JavaScript. The API itself takes POST requests at this address.</p></noscript>
</div>
</body>
</html>
`;
}

/** Nothing in it can end the element that it stands in. */
const toJsonInHtml = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
