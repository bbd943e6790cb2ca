import { expect, test } from 'vitest';
import { openTestDatabase } from '../support/databases.ts';
import { createStudio, mini } from '../support/studio.ts';
import { startTestApp } from '../support/test-app.ts';
import { beginIntent, createBook } from './book.ts';
import { findEffectFaults } from './effects.ts';
import { isSound, printReport } from './report.ts';
import { runStress } from './run.ts';

test(
  'G14 given two servers under load for some seconds, when one of them is killed twice, then every credit and every acknowledged effect is there',
  { timeout: 240_000 },
  async () => {
    const { database, url } = await openTestDatabase('postgres');
    const settings = { seconds: 4, processes: 2, clients: 8, wallets: 5, seed: 14, kills: 2, settleWithinSeconds: 0 };
    const report = await runStress(settings, url ?? '');
    await database.close();
    expect(report.checks.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(isSound(report)).toBe(true);

    // It has tried what it says.
    const { book, kills } = report;
    expect(kills).toBe(2);
    expect(book.identical.rounds).toBe(1);
    expect(book.scarce.rounds).toBe(1);
    expect(report.checks.length).toBeGreaterThan(15);
    for (const kind of ['generate', 'wallet', 'transactions', 'grantCredits', 'cancelGeneration']) {
      expect(book.outcomes.get(kind)?.size ?? 0).toBeGreaterThan(0);
    }
    const printed = printReport(report);
    expect(printed).toContain('seed 14: 2 processes, 8 clients, 5 wallets');
    expect(printed).toContain('       2  kill -9\n');
    expect(printed).not.toContain('FAILED:');
  },
);

test('G14 given effects that are not as they were acknowledged, when they are compared, then each is named for what it is', async () => {
  const app = await startTestApp('postgres');
  const studio = createStudio(app);
  const account = await app.newAccount();
  const book = createBook();
  const generate = async (name: string, metadata = name) => {
    const input = { ...mini, metadata: { request: metadata }, idempotencyKey: name };
    return { variant: mini.prompt, answer: await studio.generate(account.key, input) };
  };
  const intend = (name: string) =>
    beginIntent(book, { mutation: 'generate', name, accountId: account.id, keyed: true });

  const sound = intend('sound');
  sound.answers.push(await generate('sound'), await generate('sound'));
  expect(await findEffectFaults(app.database, book, false)).toEqual({
    repeated: [],
    missing: [],
    unexplained: [],
    effects: 1,
  });

  const twice = intend('twice');
  twice.answers.push(await generate('twice'), await generate('twice-again', 'twice'));
  const lost = intend('lost');
  lost.answers.push({ variant: mini.prompt, answer: { __typename: 'Generation', id: 'gen_lost', replayed: false } });
  intend('silent');
  await generate('silent');
  await generate('foreign');
  const { repeated, missing, unexplained } = await findEffectFaults(app.database, book, false);
  expect(repeated.filter((fault) => fault.startsWith('generate twice:'))).toEqual([
    'generate twice: it took effect 2 times',
    expect.stringMatching(/^generate twice: its answers were gen_\w+ and gen_\w+$/),
    'generate twice: 2 of its answers were the first',
  ]);
  expect(missing).toContain('generate lost: gen_lost was acknowledged, undefined is there');
  expect(unexplained).toEqual([
    expect.stringMatching(/^generate silent: gen_\w+ is there and was not acknowledged$/),
    'generate foreign: nobody asked for it',
    'generate twice-again: nobody asked for it',
    'generate foreign: nobody asked for it',
  ]);
  await app.close();
});
