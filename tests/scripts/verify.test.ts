import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, runScript } from '../support/run-script.ts';
import { startServer } from '../support/running-server.ts';
import { createStudio } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

/** Runs `npm run verify` with these arguments and these variables. */
const runVerify = (args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> =>
  runScript('verify', args, environment);

describe('npm run verify', () => {
  let app: TestApp;
  let account: { id: string; key: string };

  beforeAll(async () => {
    app = await startTestApp('postgres');
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    account = await app.newAccount();
    await createStudio(app).queue(account.key);
    await app.settle();
  });

  const verify = (...args: string[]): Promise<Ended> => runVerify([`--url=${app.url}`, `--key=${adminKey}`, ...args]);

  test('G10 given wallets with history, when some are named, then each of them agrees: 1 grant + 1 hold + 1 capture = 3', async () => {
    const other = await app.newAccount();
    expect(await verify(account.id, other.id)).toEqual({
      code: 0,
      stdout: `ok     ${account.id}: 3 transactions\nok     ${other.id}: 1 transaction\n2 wallets verified: all agree.\n`,
      stderr: '',
    });
  });

  test('G10 given more accounts than a page holds, when none is named, then all of them are verified, each once', async () => {
    for (let made = 0; made < 101; made += 1) await app.newAccount();
    const accounts = await app.database.prisma.account.findMany();
    const { code, stdout } = await runVerify([], { WZRD_URL: `${app.url}/graphql`, WZRD_ADMIN_KEY: adminKey });
    const named = [...stdout.matchAll(/^ok +(account_\w+):/gm)].map(([, id]) => id);
    expect(named.sort()).toEqual(accounts.map(({ id }) => id).sort());
    expect(stdout).toContain(`\n${accounts.length} wallets verified: all agree.\n`);
    expect(code).toBe(0);
  });

  test('given a balance that was changed by force, when it is verified with --rebuild, then it is written anew and agrees', async () => {
    await app.database.prisma.wallet.update({ where: { accountId: account.id }, data: { held: 3 } });
    expect(await verify('--rebuild', account.id)).toEqual({
      code: 0,
      stdout:
        `WRONG  ${account.id}: The wallet: The wallet's amounts are not those of the journal.\n` +
        `       ${account.id}: 1 row written anew\n` +
        `ok     ${account.id}: 3 transactions\n1 wallet verified: all agree.\n`,
      stderr: '',
    });
    expect(await verify(account.id)).toMatchObject({ code: 0 });
  });

  test('G16 given a row that was changed by force, when all wallets are verified, then it is named and the exit code is 1', async () => {
    const force = async (reason: string | null): Promise<void> => {
      const { prisma } = app.database;
      await prisma.$executeRaw`ALTER TABLE transfer DISABLE TRIGGER transfer_is_immutable`;
      await prisma.$executeRaw`UPDATE transfer SET reason = ${reason} WHERE account_id = ${account.id} AND sequence = 2`;
      await prisma.$executeRaw`ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable`;
    };
    await force('Nothing happened.');
    const { code, stdout } = await verify();
    const transactionId = `${account.id.replace('account_', 'transaction_')}_2`;
    expect(stdout).toContain(
      `WRONG  ${account.id}: ${transactionId}: Its hash does not fit its content and the transfer before it.\n`,
    );
    expect(stdout.match(/^WRONG/gm)).toHaveLength(1);
    expect(stdout).toMatch(/\n\d+ wallets verified: 1 wrong, named above\.\n$/);
    expect(code).toBe(1);
    await force(null);
    expect(await verify(account.id)).toMatchObject({ code: 0 });
  });

  test('given an account that nobody has, when it is named, then the script says so and ends with 1', async () => {
    expect(await verify('account_none')).toMatchObject({
      code: 1,
      stdout: 'WRONG  account_none: There is no such account.\n1 wallet verified: 1 wrong, named above.\n',
    });
  });

  test('given a key that may not, no key, no server or an option that is none, when it is run, then it says why and ends with 2', async () => {
    expect(await runVerify([`--url=${app.url}`, `--key=${account.key}`])).toMatchObject({ code: 2, stdout: '' });
    expect(await runVerify(['--url=https://credits.example'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "Give an administrator's key, with --key or WZRD_ADMIN_KEY.\n",
    });
    const nobody = await runVerify(['--url=http://127.0.0.1:1']);
    expect(nobody).toMatchObject({ code: 2, stdout: '' });
    expect(nobody.stderr).toContain('http://127.0.0.1:1/graphql does not answer as it should');
    expect(await runVerify(['--all'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('given a server as a newcomer starts it, when its wallets are verified without a key, then both of its accounts agree', async () => {
    const server = await startServer();
    try {
      const { code, stdout } = await runVerify([], { WZRD_URL: server.origin });
      expect(stdout).toContain('2 wallets verified: all agree.');
      expect(code).toBe(0);
    } finally {
      await server.stop();
    }
  }, 90_000);
});
