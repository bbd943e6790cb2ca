import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, runScript } from '../support/run-script.ts';
import { createSubscriber, stripeOf } from '../support/subscriber.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

describe('npm run stripe:reconcile', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp('embedded');
  });
  afterAll(() => app.close());

  const reconcile = (...args: string[]): Promise<Ended> =>
    runScript('stripe-reconcile', [`--url=${app.url}`, `--key=${adminKey}`, ...args]);
  const window = 'from 2025-12-29T12:00:00.001Z to 2026-01-01T12:00:00.001Z';

  test('G28 given a pack that nobody told of, when it is run, then it is named with 1, repaired with 0, and gone', async () => {
    const subscriber = await createSubscriber(app);
    await stripeOf(app).changeSettings({ holds_events: true });
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' });
    const found = await reconcile();
    expect(found).toMatchObject({ code: 1, stderr: '' });
    const id = /pi_\w+/.exec(found.stdout)?.[0];
    const what = `PAYMENT      ${id} of ${subscriber.id}: Stripe has taken in 1000 cents (usd); the journal does not have the payment.`;
    expect(found.stdout).toBe(`MISSING    ${what}\n1 compared, 0 of others, ${window}: 1 differ, 1 of them still.\n`);
    expect(await reconcile('--repair')).toEqual({
      code: 0,
      stdout: `repaired   ${what}\n1 compared, 0 of others, ${window}: 1 differed, all repaired.\n`,
      stderr: '',
    });
    expect(await reconcile()).toEqual({
      code: 0,
      stdout: `1 compared, 0 of others, ${window}: nothing differs.\n`,
      stderr: '',
    });
    const { stdout } = await reconcile('--json', '--from=2026-01-01', '--to=2026-01-01T12:00:00.001Z');
    expect(JSON.parse(stdout)).toEqual({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-01T12:00:00.001Z',
      compared: 1,
      ignored: 0,
      differences: [],
      left: 0,
    });
  });

  test('given a window that is none, when it is run, then it says why and ends with 2', async () => {
    expect(await reconcile('--from=2026-01-02', '--to=2026-01-01')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'from: Must be before the end of the window.\n',
    });
    const never = await reconcile('--from=yesterday');
    expect(never).toMatchObject({ code: 2, stdout: '' });
    expect(never.stderr).toContain('A DateTime is written as in RFC 3339');
  });

  test('given a server that needs several calls, when it is run, then it goes on where each one ended, in the same window', async () => {
    const asked: unknown[] = [];
    const answers = [
      { compared: 100, ignored: 1, next: 'payments:pi_1@1' },
      { compared: 20, ignored: 2, next: null },
    ];
    const ends = { from: '2025-12-29T12:00:00.000Z', to: '2026-01-01T12:00:00.000Z' };
    const server = createServer((request, response) => {
      void json(request).then((body) => {
        const { variables } = body as { variables: unknown }; // What the script sends.
        asked.push(variables);
        const reconcileStripe = { ...ends, differences: [], ...answers[asked.length - 1] };
        response.end(JSON.stringify({ data: { reconcileStripe } }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // A TCP server has an address once it listens.
    expect(await runScript('stripe-reconcile', [`--url=http://127.0.0.1:${port}`, '--repair'])).toEqual({
      code: 0,
      stdout: `120 compared, 3 of others, from ${ends.from} to ${ends.to}: nothing differs.\n`,
      stderr: '',
    });
    expect(asked).toEqual([
      { from: null, to: null, repair: true },
      { ...ends, after: 'payments:pi_1@1', repair: true },
    ]);
    server.close();
  });
});
