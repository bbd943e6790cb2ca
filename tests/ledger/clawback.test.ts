import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Command } from '../../src/ledger/core/types.ts';
import type { AccountId, GrantId } from '../../src/ledger/index.ts';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** A voice, 4 credits a call. */
const voice = { modelId: 'fal-ai/elevenlabs/tts/turbo-v2.5', prompt: 'Hello' };

describeOnBoth('G32 A payment that goes back', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  /** Brands exist at compile time only; the ids are those of this test's own account. */
  const execute = async (account: { id: string }, command: Command): Promise<void> => {
    const answer = await app.app.services.ledger.execute({ accountId: account.id as AccountId, command });
    expect(answer).toMatchObject({ kind: 'applied' });
  };
  const takeBack = (account: { id: string }, grantId: GrantId, total: number): Promise<void> =>
    execute(account, { kind: 'clawback', grantId, total, reason: 'A dispute.' });

  interface Shown {
    readonly wallet: {
      readonly available: number;
      readonly debt: number;
      readonly explain: { readonly available: number };
      readonly transactions: {
        readonly nodes: readonly {
          readonly type: string;
          readonly amount: number;
          readonly credits: number;
          readonly availableAfter: number;
          readonly description: string;
        }[];
      };
    };
  }
  const show = async (key: string): Promise<Shown['wallet']> =>
    (
      await studio.ask<Shown>(
        `{ wallet { available debt explain { available }
          transactions(first: 100) { nodes { type amount credits availableAfter description } } } }`,
        { key },
      )
    ).wallet;
  const verify = async (accountId: string): Promise<unknown> => app.app.services.history.verify(accountId as AccountId);

  /** An account without its welcome credits and with a grant of 100, of which one call took 4. */
  const spent = async (): Promise<{ id: string; key: string; grantId: GrantId; generationId: string }> => {
    const account = await app.newAccount();
    await execute(account, { kind: 'void', grantId: await welcomeOf(account.key), reason: 'Not for this test.' });
    const grantId = await paid(account);
    const generationId = await studio.queue(account.key, voice);
    await app.settle();
    return { ...account, grantId, generationId };
  };
  const paid = async ({ id }: { id: string }): Promise<GrantId> =>
    (await studio.giveCredits(id, 100, { category: 'PAID' })).id as GrantId;
  const welcomeOf = async (key: string): Promise<GrantId> => {
    const { wallet } = await studio.ask<{ wallet: { grants: { nodes: { id: GrantId }[] } } }>(
      '{ wallet { grants { nodes { id } } } }',
      { key },
    );
    const [welcome] = wallet.grants.nodes;
    if (welcome === undefined) throw new Error('There is no welcome grant.');
    return welcome.id;
  };

  it('given 4 of 100 spent, when it goes back, then 96 are taken, 4 are owed, and the next grant of 10 pays: 10 - 4 = 6', async () => {
    const account = await spent();
    await takeBack(account, account.grantId, 100);
    let shown = await show(account.key);
    expect([shown.available, shown.debt, shown.explain.available]).toEqual([0, 4, 0]);
    expect(shown.transactions.nodes.slice(0, 2)).toEqual([
      expect.objectContaining({ type: 'CLAWBACK', amount: 0, credits: 4, availableAfter: 0 }),
      expect.objectContaining({ type: 'CLAWBACK', amount: -96, credits: 96, availableAfter: 0 }),
    ]);
    expect(shown.transactions.nodes[0]?.description).toContain('owed because it was spent');

    const refused = await studio.generate(account.key, voice);
    expect(refused).toMatchObject({
      __typename: 'InsufficientCreditsError',
      required: 4,
      available: 0,
      debt: 4,
      shortfall: 8,
    });

    await studio.giveCredits(account.id, 10);
    shown = await show(account.key);
    expect([shown.available, shown.debt, shown.explain.available]).toEqual([6, 0, 6]);
    expect(shown.transactions.nodes[0]).toMatchObject({ type: 'DEBT_PAYMENT', amount: -4, availableAfter: 6 });
    expect(await verify(account.id)).toMatchObject({ ok: true });
  });

  it('given a debt that a grant has paid, when the dispute is won, then all is back, whatever was read from the database between', async () => {
    const account = await spent();
    await takeBack(account, account.grantId, 100);
    const { id: payer } = await studio.giveCredits(account.id, 3);
    await takeBack(account, account.grantId, 0);
    // 96 of the first grant and all 3 of the payer.
    const shown = await show(account.key);
    expect([shown.available, shown.debt]).toEqual([99, 0]);
    const grant = await app.app.services.ledger.grant(account.id as AccountId, payer as GrantId);
    expect(grant).toMatchObject({ remaining: 3, consumed: 0 });
    expect(await verify(account.id)).toMatchObject({ ok: true });
  });

  it('given a debt for a call, when the call is refunded, then it is owed no more', async () => {
    const account = await spent();
    await takeBack(account, account.grantId, 100);
    await studio.refund(account.generationId);
    const shown = await show(account.key);
    expect([shown.available, shown.debt]).toEqual([0, 0]);
    expect(shown.transactions.nodes[0]).toMatchObject({ type: 'REFUND', amount: 0, credits: 4 });
    expect(await verify(account.id)).toMatchObject({ ok: true });
  });

  it('given a call under way, when it goes back and the call ends well, then the call is charged and owed', async () => {
    const account = await app.newAccount();
    await execute(account, { kind: 'void', grantId: await welcomeOf(account.key), reason: 'Not for this test.' });
    const grantId = await paid(account);
    await studio.queue(account.key, voice);
    await takeBack(account, grantId, 100);
    expect((await show(account.key)).debt).toBe(0);
    await app.settle();
    expect(await show(account.key)).toMatchObject({ available: 0, debt: 4 });
    expect(await verify(account.id)).toMatchObject({ ok: true });
  });

  it('given a debt, when the wallet was changed by force to say that there is none, then verifyLedger finds it', async () => {
    const account = await spent();
    await takeBack(account, account.grantId, 100);
    await app.database.prisma.$executeRaw`UPDATE wallet SET debt = 0 WHERE account_id = ${account.id}`;
    expect(await verify(account.id)).toMatchObject({ ok: false, firstBad: null });
    await app.database.prisma.$executeRaw`UPDATE wallet SET debt = 4 WHERE account_id = ${account.id}`;
  });
});
