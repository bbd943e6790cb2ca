import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openTestDatabase } from './support/databases.ts';
import { ask, postGraphql } from './support/http.ts';
import { startProcess } from './support/server-process.ts';

const adminKey = 'an-administrators-key-for-tests';

test('given WORKERS=2 on PostgreSQL, when many ask over connections of their own, then both answer, what one does the other sees, an order is paid, and all end at SIGTERM', async () => {
  const { database, url } = await openTestDatabase('postgres');
  const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-data-'));
  const server = startProcess({
    DATABASE_URL: url ?? '',
    DATA_DIR: dataDir,
    ADMIN_API_KEY: adminKey,
    BILLING_MODE: 'sandbox',
    WORKERS: '2',
    LOG_LEVEL: 'info',
  });
  // A test that fails half way leaves no processes behind; it has no effect on one that has ended.
  onTestFinished(() => {
    server.child.kill('SIGTERM');
  });
  const origin = await server.origin();
  const post = (query: string, key: string) =>
    // A connection of its own each: the port's owner deals them out in turn.
    postGraphql(origin, { query }, { authorization: `Bearer ${key}`, connection: 'close' });

  const model = '{ model(id: "fal-ai/flux/schnell") { credits } }';
  for (let time = 0; time < 6; time += 1) await post(model, adminKey);
  await post('mutation { updateModel(input: { id: "fal-ai/flux/schnell", credits: 9 }) { __typename } }', adminKey);
  await expect
    .poll(
      async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, () => post(model, adminKey)));
        return new Set(answers.map(({ text }) => text));
      },
      { timeout: 3_000 },
    )
    .toEqual(new Set(['{"data":{"model":{"credits":9}}}']));

  // Events of the stand-in of Stripe reach either process; each has to know their signature.
  const created = await post(
    'mutation { createAccount(input: { name: "Test" }) { ... on CreatedAccount { apiKey } } }',
    adminKey,
  );
  const key = /"apiKey":"([^"]+)"/.exec(created.text)?.[1] ?? '';
  for (let order = 1; order <= 4; order += 1) {
    const checkout = await post(
      'mutation { createCheckout(input: { mode: PACK, packCode: "pack_100" }) { ... on Checkout { url } } }',
      key,
    );
    const page = /"url":"([^"]+)"/.exec(checkout.text)?.[1] ?? '';
    await ask(page, { method: 'POST', body: new URLSearchParams({ action: 'pay' }), headers: { connection: 'close' } });
    await expect
      .poll(async () => (await post('{ wallet { available } }', key)).json?.data, { timeout: 15_000 })
      .toEqual({ wallet: { available: 100 + order * 100 } });
  }

  expect(await server.end('SIGTERM')).toBe(0);
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
}, 120_000);
