import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** What GraphQL answered, as the page shows it. */
export interface ShownAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly unknown[];
}

/** The playground in a browser, used by hand. */
export interface PlaygroundPage {
  readonly page: Page;
  /** The addresses of all that it asked for. */
  readonly requests: readonly string[];
  /** What it complained about in the console. */
  readonly complaints: readonly string[];
  /** Loads it again. */
  reload(): Promise<void>;
  /** The titles of its tabs. */
  titles(): Promise<string[]>;
  /** Goes to a tab. */
  open(title: string): Promise<void>;
  /** Writes into the editor of the variables. */
  writeVariables(variables: object): Promise<void>;
  /** Presses the play button, and chooses the operation where there are several. Gives the answer that is shown. */
  run(operation?: string): Promise<ShownAnswer>;
  /** Presses the play button for a subscription. */
  watch(operation?: string): Promise<void>;
  /** What is shown as the answer now. */
  shown(): Promise<ShownAnswer>;
}

/** Opens Debian's Chromium, or the one of `CHROMIUM_PATH`, so that it calls nobody by itself. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });

/** A CodeMirror editor shows only the lines in sight; its object has all of them. */
const editor = (place: string): string => `document.querySelector('${place} .CodeMirror').CodeMirror`;

/** Opens the playground in a browser that was never there. */
export async function openPlayground(browser: Browser, address: string): Promise<PlaygroundPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const untilShown = (): Promise<void> => page.locator('.graphiql-response .CodeMirror').waitFor();
  await page.goto(address);
  await untilShown();

  const run = async (operation?: string): Promise<ShownAnswer> => {
    const button = page.getByRole('button', { name: /^Execute query/ });
    const answered = page.waitForResponse((response) => {
      const body = response.request().postData() ?? '';
      // GraphiQL asks for the schema by itself.
      return response.url() === address && body !== '' && !body.includes('IntrospectionQuery');
    });
    await button.click();
    if (operation !== undefined) await page.getByRole('menuitem', { name: operation, exact: true }).click();
    const answer: ShownAnswer = await (await answered).json();
    const shown = (): Promise<string> => page.evaluate(`${editor('.graphiql-response')}.getValue()`);
    await expect.poll(shown, { timeout: 5_000 }).toBe(JSON.stringify(answer, null, 2));
    return answer;
  };

  return {
    page,
    requests,
    complaints,
    async reload() {
      await page.reload();
      await untilShown();
    },
    titles: () => page.locator('.graphiql-tab').allInnerTexts(),
    async open(title) {
      await page.getByRole('tab').getByRole('button', { name: title, exact: true }).click();
      // GraphiQL reads which operations there are a moment after the tab has changed.
      const operation = (): Promise<string> => page.evaluate(`${editor('.graphiql-query-editor')}.operationName`);
      await expect.poll(operation, { timeout: 5_000 }).toBe(title);
    },
    async writeVariables(variables) {
      await page.getByRole('button', { name: 'Variables', exact: true }).click();
      await page.locator('.graphiql-editor-tool .CodeMirror:visible').click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(JSON.stringify(variables, null, 2));
    },
    run,
    async watch(operation) {
      await page.getByRole('button', { name: /^Execute query/ }).click();
      if (operation !== undefined) await page.getByRole('menuitem', { name: operation, exact: true }).click();
    },
    async shown() {
      const text: string = await page.evaluate(`${editor('.graphiql-response')}.getValue()`);
      return text === '' ? {} : (JSON.parse(text) as ShownAnswer); // GraphiQL writes JSON, and the test checks it.
    },
  };
}
