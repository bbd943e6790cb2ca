import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

interface Verification {
  ok: boolean;
  transfers: number;
  firstBad: string | null;
  problem: string | null;
  head: string;
}

describeOnBoth('the verification of a wallet', (kind) => {
  let testApp: TestApp;

  beforeAll(async () => {
    testApp = await startTestApp(kind);
  });
  afterAll(() => testApp.close());

  /** An account that was given 100 and charged twice 4: five rows, two holds and two captures after the grant. */
  const accountWithHistory = async (): Promise<{ id: string; key: string }> => {
    const account = await testApp.newAccount();
    for (let call = 0; call < 2; call += 1) {
      await testApp.graphql('mutation { generate(input: { kind: IMAGE, prompt: "a fox" }) { __typename } }', {
        key: account.key,
      });
    }
    await testApp.settle(5);
    return account;
  };

  const verify = async (accountId: string): Promise<Verification | null> => {
    const { data } = await testApp.graphql<{ verifyLedger: Verification | null }>(
      'query ($id: ID!) { verifyLedger(accountId: $id) { ok transfers firstBad problem head } }',
      { key: adminKey, variables: { id: accountId } },
    );
    return data.verifyLedger;
  };

  const readHead = async (key: string): Promise<{ sequence: number; hash: string }> => {
    const { data } = await testApp.graphql<{ wallet: { journalHead: { sequence: number; hash: string } } }>(
      '{ wallet { journalHead { sequence hash at } } }',
      { key },
    );
    return data.wallet.journalHead;
  };

  const prove = async (key: string, head: { sequence: number; hash: string }): Promise<boolean> => {
    const { data } = await testApp.graphql<{ wallet: { proveHistory: boolean } }>(
      'query ($sequence: Int!, $hash: String!) { wallet { proveHistory(sequence: $sequence, hash: $hash) } }',
      { key, variables: head },
    );
    return data.wallet.proveHistory;
  };

  /** Changes the journal as its owner can: with the trigger taken off. */
  const force = async (statement: string, accountId: string): Promise<void> => {
    const { prisma } = testApp.database;
    await prisma.$executeRawUnsafe('ALTER TABLE transfer DISABLE TRIGGER transfer_is_immutable');
    await prisma.$executeRawUnsafe(statement, accountId);
    await prisma.$executeRawUnsafe('ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable');
  };

  const transactionId = (accountId: string, sequence: number): string =>
    `${accountId.replace('account_', 'transaction_')}_${sequence}`;

  it('G10 given a wallet with history, when it is verified, then all agrees: 1 grant + 2 holds + 2 captures = 5 rows', async () => {
    const { id, key } = await accountWithHistory();
    const { hash } = await readHead(key);
    expect(await verify(id)).toEqual({ ok: true, transfers: 5, firstBad: null, problem: null, head: hash });
  });

  it('given no such account, when it is verified, then there is nothing', async () => {
    expect(await verify('account_none')).toBeNull();
    expect(await verify('\u0000')).toBeNull();
  });

  it.each([
    ['changed', 'UPDATE transfer SET reason = $$Nothing happened.$$ WHERE account_id = $1 AND sequence = 3', 3],
    ['removed', 'DELETE FROM transfer WHERE account_id = $1 AND sequence = 2', 3],
    [
      'inserted',
      `INSERT INTO transfer SELECT account_id, 6, type, from_account, to_account, amount, available_after, grant_ids,
         grant_amounts, hold_id, reason, occurred_at, recorded_at, hash FROM transfer WHERE account_id = $1 AND sequence = 1`,
      6,
    ],
  ])(
    'G16 given a row that was %s by force, when the wallet is verified, then it is named',
    async (_how, statement, bad) => {
      const { id } = await accountWithHistory();
      await force(statement, id);
      expect(await verify(id)).toMatchObject({ ok: false, firstBad: transactionId(id, bad) });
    },
  );

  it('G16 given a grant whose amounts were changed by force, when the wallet is verified, then the grant is named', async () => {
    const { id } = await accountWithHistory();
    const grant = await testApp.database.prisma.grant.findFirstOrThrow({ where: { accountId: id } });
    await testApp.database.prisma.grant.update({
      where: { accountId_id: { accountId: id, id: grant.id } },
      data: { remaining: { increment: 8 }, consumed: { decrement: 8 } },
    });
    expect(await verify(id)).toMatchObject({ ok: false, firstBad: grant.id });
  });

  it('G16 given a balance that was raised by force, when the wallet is verified, then the wallet is at fault', async () => {
    const { id } = await accountWithHistory();
    await testApp.database.prisma.wallet.update({ where: { accountId: id }, data: { available: 100 } });
    const found = await verify(id);
    expect(found).toMatchObject({ ok: false, firstBad: null });
    expect(found?.problem).toContain('amounts');
  });

  it('given a head that the owner kept, when more happens, then it still proves history; another hash does not', async () => {
    const { key } = await accountWithHistory();
    const head = await readHead(key);
    await testApp.graphql('mutation { generate(input: { kind: IMAGE, prompt: "a fox" }) { __typename } }', { key });
    expect(await prove(key, head)).toBe(true);
    expect(await prove(key, { ...head, hash: head.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })).toBe(
      false,
    );
    expect(await prove(key, { ...head, sequence: head.sequence - 1 })).toBe(false);
    expect(await prove(key, { ...head, sequence: 1_000 })).toBe(false);
  });

  it('given a head that the owner kept, when history before it is rewritten with new hashes, then it proves nothing any more', async () => {
    const { id, key } = await accountWithHistory();
    const head = await readHead(key);
    await force('UPDATE transfer SET hash = sha256(hash) WHERE account_id = $1', id);
    expect(await prove(key, head)).toBe(false);
  });
});
