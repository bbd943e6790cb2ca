import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase } from './support/databases.ts';
import { media } from './support/providers/media.ts';
import { type RunningServer, startServer } from './support/running-server.ts';

const run = promisify(execFile);

/** The commands of the README, as they stand there. */
const commands = [...readFileSync('README.md', 'utf8').matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map(
  ([, command = '']) => command,
);

/** The one command of the README that has a text in it. */
function commandWith(text: string): string {
  const [command, ...more] = commands.filter((candidate) => candidate.includes(text));
  if (command === undefined || more.length > 0) throw new Error(`The README has not one command with "${text}".`);
  return command;
}

describe('the commands of the README', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  /** Runs a command in a shell, against the server of the test. */
  const say = async (command: string): Promise<string> => {
    const { stdout } = await run('bash', ['-c', command.replaceAll('http://localhost:4000', server.origin)], {
      env: { ...process.env, WZRD_URL: `${server.origin}/graphql` },
    });
    return stdout;
  };

  it('given the README, when its commands are counted, then each of them has its test here', () => {
    expect(commands).toHaveLength(12);
  });

  it('given a clone, when the first two commands are read, then their scripts are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(commands.filter((command) => command === 'npm ci && npm start')).toHaveLength(1);
    expect(commands.filter((command) => command === 'npm ci && npm test')).toHaveLength(1);
    expect(scripts).toMatchObject({
      start: 'node --max-semi-space-size=32 --import tsx src/main.ts',
      test: 'vitest run',
    });
  });

  it('given the server, when the story of the README is told, then each answer is as it says', async () => {
    expect(JSON.parse(await say(commandWith('schnell\\") {')))).toEqual({
      data: { models: [{ id: 'fal-ai/flux/schnell', label: 'FLUX Schnell (3 credits)', speed: '~3s' }] },
    });
    expect(JSON.parse(await say(commandWith('mutation { generate(')))).toMatchObject({
      data: { generate: { __typename: 'Generation', status: 'QUEUED', creditsHeld: 3 } },
    });
    // 100 welcome credits - 3 charged = 97
    await expect
      .poll(async () => JSON.parse(await say(commandWith('generations(first: 1)'))) as unknown, { timeout: 15_000 })
      .toMatchObject({
        data: {
          generations: { nodes: [{ status: 'SUCCEEDED', creditsCharged: 3, assets: [{ mimeType: 'image/png' }] }] },
          wallet: { available: 97, held: 0 },
        },
      });

    // The film costs 50: it is accepted once, answered again under its key, and leaves 97 - 50 = 47.
    const film = commandWith('order-66');
    expect(await say(film)).toContain('HTTP/1.1 202');
    expect(await say(film)).toContain('HTTP/1.1 202');
    const refused = await say(film.replace('order-66', 'order-67'));
    expect(refused).toContain('HTTP/1.1 402');
    expect(refused).toContain(
      '{"error":"Insufficient credits","code":"insufficient_credits","required":50,"available":47,"top_up_url":"/settings/billing","upgrade_url":"/settings/billing#plans"}',
    );

    const { data } = JSON.parse(await say(commandWith('createCheckout'))) as {
      data: { createCheckout: { __typename: string; url: string; credits: number } };
    };
    expect(data.createCheckout).toMatchObject({ __typename: 'Checkout', credits: 100, price: { formatted: '$10.00' } });
    const page = await fetch(data.createCheckout.url);
    expect(await page.text()).toContain('$10.00');
    await fetch(data.createCheckout.url, { method: 'POST', body: new URLSearchParams({ action: 'pay' }) });
    // 47 + 100 bought = 147
    await expect
      .poll(async () => await say(commandWith('generations(first: 1)')), { timeout: 15_000 })
      .toContain('"available":147');
  });

  it('given a wallet that is watched, when it is read for two seconds, then its balance has been told', async () => {
    const watching = `${commandWith('subscription {')} --max-time 2 || true`;
    expect(await say(watching)).toMatch(
      /event: next\ndata: \{"data":\{"walletUpdated":\{"available":\d+,"held":\d+\}\}/,
    );
  });

  it('given a picture on this machine, when it is uploaded as the README says, then its address has it', async () => {
    const { data } = JSON.parse(await say(commandWith('createUpload'))) as {
      data: { createUpload: { putUrl: string; url: string } };
    };
    const { putUrl, url } = data.createUpload;
    const folder = await mkdtemp(join(tmpdir(), 'wzrd-fox-'));
    await writeFile(join(folder, 'fox.png'), media.png);
    const put = commandWith('curl -s -T fox.png').replace('<putUrl>', putUrl);
    expect(JSON.parse(await say(`cd ${folder} && ${put}`))).toEqual({
      url,
      mimeType: 'image/png',
      bytes: media.png.byteLength,
    });
    expect((await fetch(url)).headers.get('content-type')).toBe('image/png');
    await rm(folder, { recursive: true });
  });

  it('given the server, when the example runs, then it prints the price and where the image is', async () => {
    const printed = await say(commandWith('examples/generate.ts'));
    expect(printed).toContain('Nano Banana 2 (4 credits)');
    expect(printed).toMatch(/4 credits charged: http:\/\/127\.0\.0\.1:\d+\/assets\/asset_\w+/);
  });

  it('given a PostgreSQL, when the server starts on it as the README says, then it is ready and shows its key once', async () => {
    const command = commandWith('DATABASE_URL=');
    expect(command).toMatch(/^DATABASE_URL=\S+ BILLING_MODE=sandbox npm start$/);
    const { database, url } = await openTestDatabase('postgres');
    const onPostgres = await startServer({ DATABASE_URL: url ?? '', BILLING_MODE: 'sandbox' });
    try {
      expect((await fetch(`${onPostgres.origin}/ready`)).status).toBe(200);
      expect(onPostgres.welcome).toMatch(/admin key {2}wzrd_\S{43}/);
      expect(onPostgres.welcome).not.toContain('wzrd_test_');
    } finally {
      await onPostgres.stop();
      await database.close();
    }
  });
});
