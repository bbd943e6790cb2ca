import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { connectAgain } from '../support/second-connection.ts';
import { statementsOf } from '../support/count-statements.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;

describeOnBoth('A wallet that a process remembers', (kind) => {
  let database: TestDatabase;
  /** Two servers on one database, which do not hear of each other's commands. */
  let one: TestApp;
  let other: TestApp;
  let studioOfOne: Studio;
  let studioOfOther: Studio;

  beforeAll(async () => {
    database = await openTestDatabase(kind);
    one = await startTestApp(kind, { database });
    other = await startTestApp(kind, { database: await connectAgain(database), clock: one.clock });
    studioOfOne = createStudio(one);
    studioOfOther = createStudio(other);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(database.database)).toEqual([]);
    await other.close();
    await one.close();
    await database.database.close();
  });

  it('given another process has spent, when this one holds by what it remembers, then it holds what is there', async () => {
    const { key } = await one.newAccount();
    await studioOfOne.queue(key, mini);
    for (let turn = 0; turn < 3; turn += 1) {
      await studioOfOther.queue(key, mini);
      await studioOfOne.queue(key, mini);
    }
    // 100 - 7 x 3 held = 79
    expect(await studioOfOne.wallet(key)).toEqual({ available: 79, held: 21 });
  });

  it('given another process has spent all, when this one remembers enough, then it is refused by what is there', async () => {
    const { key } = await one.newAccount();
    await studioOfOne.queue(key, mini);
    await Promise.all(Array.from({ length: 32 }, () => studioOfOther.queue(key, mini)));
    // 100 - 33 x 3 held = 1
    expect(await studioOfOne.generate(key, mini)).toMatchObject({ code: 'INSUFFICIENT_CREDITS', available: 1 });
  });

  it('given another process has granted, when this one remembers too little, then it holds by what is there', async () => {
    const account = await one.newAccount();
    await Promise.all(Array.from({ length: 33 }, () => studioOfOne.queue(account.key, mini)));
    await studioOfOther.giveCredits(account.id, 10);
    // 1 + 10 - 3 = 8
    await studioOfOne.queue(account.key, mini);
    expect(await studioOfOther.wallet(account.key)).toEqual({ available: 8, held: 102 });
  });

  it('given another process has withdrawn a grant, when this one holds, then it takes from the others', async () => {
    const account = await one.newAccount();
    const grant = await studioOfOne.giveCredits(account.id, 50, { priority: 5 });
    await studioOfOne.queue(account.key, mini);
    await studioOfOther.voidGrant(grant.id ?? '');
    const next = await studioOfOne.generate(account.key, mini);
    expect(next.fundings?.map(({ grant: { id } }) => id)).not.toContain(grant.id);
    // 100 welcome - 3 held = 97; of the 50 the 3 of the first hold are still held
    expect(await studioOfOne.wallet(account.key)).toEqual({ available: 97, held: 6 });
  });

  it('given a grant expires, when the next call comes at that instant, then it is not spent', async () => {
    const account = await one.newAccount();
    const expiresAt = new Date(one.clock.now() + 30_000).toISOString();
    const grant = await studioOfOne.giveCredits(account.id, 50, { priority: 5, expiresAt });
    const before = await studioOfOne.generate(account.key, mini);
    expect(before.fundings?.map(({ grant: { id } }) => id)).toEqual([grant.id]);
    one.clock.advance(30_000);
    const after = await studioOfOne.generate(account.key, mini);
    expect(after.fundings?.map(({ grant: { id } }) => id)).not.toContain(grant.id);
    expect(await studioOfOne.wallet(account.key)).toEqual({ available: 97, held: 6 });
  });

  it('given a hold lapses that nobody looks after, when the next call comes, then its credits are there again', async () => {
    const { key } = await one.newAccount();
    for (let call = 0; call < 33; call += 1) await studioOfOne.queue(key, mini);
    // 100 - 33 x 3 held = 1
    expect(await studioOfOne.generate(key, mini)).toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
    one.clock.advance(15 * minuteMs);
    await studioOfOne.queue(key, mini);
    // 100 - 3 held = 97
    expect(await studioOfOne.wallet(key)).toEqual({ available: 97, held: 3 });
  });

  it('G01 given a key was used on another process, when it comes to this one, then it is answered, and another input is a conflict', async () => {
    const { key } = await one.newAccount();
    const named = { ...mini, idempotencyKey: 'one-effect' };
    await studioOfOne.queue(key, mini);
    const [first, second] = await Promise.all([studioOfOne.generate(key, named), studioOfOther.generate(key, named)]);
    expect(first.id).toBe(second.id);
    expect(await studioOfOther.generate(key, { ...named, prompt: 'Another' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    // 100 - 2 x 3 held = 94
    expect(await studioOfOne.wallet(key)).toEqual({ available: 94, held: 6 });
  });

  it('given a wallet was written to a moment ago, when a call comes, then the ledger takes one statement', async () => {
    if (kind === 'embedded') return; // Statements are counted at the driver of PostgreSQL.
    const { key } = await one.newAccount();
    await studioOfOne.queue(key, mini);
    const statements = await statementsOf(() => studioOfOne.queue(key, mini));
    expect(statements.filter((text) => text.includes('refuse_stale'))).toHaveLength(1);
    expect(statements.filter((text) => /^(BEGIN|COMMIT)/.test(text))).toEqual([]);
  });

  it('given two processes spend from one wallet at once, when all is over, then every call has its hold', async () => {
    const account = await one.newAccount(500);
    const calls = Array.from({ length: 120 }, (_, index) =>
      (index % 2 === 0 ? studioOfOne : studioOfOther).queue(account.key, mini),
    );
    expect(new Set(await Promise.all(calls)).size).toBe(120);
    // 600 - 120 x 3 held = 240
    expect(await studioOfOne.wallet(account.key)).toEqual({ available: 240, held: 360 });
  });
});
