import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, runScript } from '../support/run-script.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

describe('npm run stripe:setup', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp('embedded');
  });
  afterAll(() => app.close());

  const setUp = (...args: string[]): Promise<Ended> =>
    runScript('stripe-setup', [`--url=${app.url}`, `--key=${adminKey}`, ...args]);

  test('given an empty Stripe, when it is run, then it says what it would do, does it with --apply, and then has nothing to do', async () => {
    const planned = await setUp();
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toContain('Create the product wzrd_plan_pro, "Pro plan".\n');
    expect(planned.stdout).toContain('Create the price wzrd_plan_pro_month of 4900 cents (usd) a month.\n');
    const steps = planned.stdout.split('\n').length - 2;
    expect(planned.stdout).toMatch(
      new RegExp(`\\n${steps} steps to do, in the mode sandbox; --apply does them\\.\\n$`),
    );

    const done = await setUp('--apply', '--mode=sandbox');
    expect(done).toEqual({
      ...planned,
      stdout: planned.stdout.replace('to do, in the mode sandbox; --apply does them.', 'done, in the mode sandbox.'),
    });
    expect(await setUp('--apply')).toEqual({
      code: 0,
      stdout: 'Stripe has all that the catalog sells, in the mode sandbox: there is nothing to do.\n',
      stderr: '',
    });
  });

  test('G34 given a server in another mode than was asked for, when it is run, then nothing is done and it says what to do', async () => {
    expect(await setUp('--mode=live', '--apply')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'The server is in the mode sandbox, not live, so nothing was done. ' +
        'Start it with BILLING_MODE=live and the keys of that mode, or name the server that runs in it with --url.\n',
    });
    expect(await setUp('--mode=test')).toEqual({
      code: 2,
      stdout: '',
      stderr: '--mode must be live, test_only, sandbox, not test.\n',
    });
  });

  test('given an option that is none, or a question for help, when it is run, then it shows its usage', async () => {
    const wrong = await setUp('--everything');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('npm run stripe:setup --');
    expect(await setUp('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--apply') });
  });

  test('given a server without billing, when it is run, then it says so and ends with 2', async () => {
    const without = await startTestApp('embedded', { environment: { BILLING_MODE: 'disabled' } });
    expect(await runScript('stripe-setup', [`--url=${without.url}`, `--key=${adminKey}`])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Checkout is not available here: billing is switched off.\n',
    });
    await without.close();
  });
});
