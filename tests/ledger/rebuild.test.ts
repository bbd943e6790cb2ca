import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccountId, GrantId } from '../../src/ledger/index.ts';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

/** A voice, 4 credits a call. */
const voice = { modelId: 'fal-ai/elevenlabs/tts/turbo-v2.5', prompt: 'Hello' };

interface Rebuilt {
  readonly corrected: number;
  readonly verification: { readonly ok: boolean; readonly firstBad: string | null; readonly problem: string | null };
}

describeOnBoth('the rebuild of a wallet from its journal', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());

  const rebuild = async (accountId: string, key = adminKey) =>
    app.graphql<{ rebuildWallet: Rebuilt | null } | null>(
      `mutation ($id: ID!) { rebuildWallet(accountId: $id) {
        ... on WalletRebuild { corrected verification { ok firstBad problem } }
        ... on Error { code }
      } }`,
      { key, variables: { id: accountId } },
    );
  const sound = { ok: true, firstBad: null, problem: null };

  /** Everything that a journal can have: charges, refunds, a lapse, an expiry, a withdrawal, debt, and a hold under way. */
  const accountWithHistory = async (): Promise<{ id: string; key: string }> => {
    const account = await app.newAccount();
    const inAnHour = new Date(app.clock.now() + 3_600_000).toISOString();
    await studio.giveCredits(account.id, 6, { category: 'PAID', expiresAt: inAnHour, priority: 1 });
    const { id: pack } = await studio.giveCredits(account.id, 10, { category: 'PAID', priority: 2 });
    const { id: mistake } = await studio.giveCredits(account.id, 7);
    const charged = await studio.queue(account.key, voice);
    await studio.queue(account.key, voice);
    await app.settle();
    await studio.refund(charged, 3);
    await studio.voidGrant(mistake ?? '');
    await studio.queue(account.key, { ...voice, params: { sandbox: 'fail' } });
    await studio.queue(account.key, voice);
    await app.settle();
    const command = { kind: 'clawback', grantId: pack as GrantId, total: 10, reason: 'A dispute.' } as const;
    await app.app.services.ledger.execute({ accountId: account.id as AccountId, command });
    app.clock.advance(3_600_000);
    await studio.giveCredits(account.id, 20);
    const cancelled = await studio.queue(account.key, voice);
    await studio.cancel(account.key, cancelled);
    await studio.queue(account.key, voice);
    return account;
  };

  it('given a wallet that agrees, when it is rebuilt, then nothing is written', async () => {
    const { id } = await accountWithHistory();
    const before = await digestTables(app.database);
    const { data } = await rebuild(id);
    expect(data?.rebuildWallet).toEqual({ corrected: 0, verification: sound });
    expect(await digestTables(app.database)).toEqual(before);
    expect(await findLedgerFaults(app.database)).toEqual([]);
  });

  it('given amounts of the wallet, its grants and its holds that were lost, when it is rebuilt, then not a row differs from before', async () => {
    const { id } = await accountWithHistory();
    const { prisma } = app.database;
    const { revision } = await prisma.wallet.findUniqueOrThrow({ where: { accountId: id } });
    const before = await digestTables(app.database);
    const grants = await prisma.$executeRaw`
      UPDATE credit_grant SET pending = 0, remaining = amount, held = 0, consumed = 0, expired = 0, revoked = 0
      WHERE account_id = ${id} AND remaining <> amount`;
    const holds = await prisma.$executeRaw`
      UPDATE credit_hold SET status = 'RELEASED', captured = 0, refunded = 0, captured_amounts = '{}',
        refunded_amounts = '{}', settled_at = created_at WHERE account_id = ${id} AND status <> 'RELEASED'`;
    await prisma.$executeRaw`UPDATE wallet SET available = 0, held = 0, debt = 7 WHERE account_id = ${id}`;
    expect(await findLedgerFaults(app.database)).not.toEqual([]);

    const { data } = await rebuild(id);
    expect(data?.rebuildWallet).toEqual({ corrected: grants + holds + 1, verification: sound });
    expect(grants).toBeGreaterThan(2);
    expect(holds).toBeGreaterThan(2);
    // It was written to, and whoever remembers it has to see that.
    const { count } = await prisma.wallet.updateMany({
      where: { accountId: id, revision: revision + 1 },
      data: { revision },
    });
    expect(count).toBe(1);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('given a hold that was changed by force, when the wallet is verified, then its generation is named', async () => {
    const { id } = await accountWithHistory();
    const charged = await app.database.prisma.hold.findFirstOrThrow({ where: { accountId: id, status: 'CAPTURED' } });
    await app.database.prisma.$executeRaw`
      UPDATE credit_hold SET refunded = captured, refunded_amounts = captured_amounts WHERE id = ${charged.id}`;
    const verification = await app.app.services.history.verify(id as AccountId);
    expect(verification).toMatchObject({ ok: false, firstBad: { kind: 'hold', id: charged.id } });
    await rebuild(id);
    expect(await app.app.services.history.verify(id as AccountId)).toMatchObject({ ok: true });
  });

  it('given a journal that was changed by force, when the wallet is rebuilt, then nothing is written and the row is named', async () => {
    const { id } = await accountWithHistory();
    const { prisma } = app.database;
    await prisma.$executeRawUnsafe('ALTER TABLE transfer DISABLE TRIGGER transfer_is_immutable');
    await prisma.$executeRaw`UPDATE transfer SET amount = 101, grant_amounts = '{101}' WHERE account_id = ${id} AND sequence = 1`;
    await prisma.$executeRawUnsafe('ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable');
    const before = await digestTables(app.database);
    const { data } = await rebuild(id);
    expect(data?.rebuildWallet).toMatchObject({ corrected: 0, verification: { ok: false } });
    expect(data?.rebuildWallet?.verification.firstBad).toBe(`${id.replace('account_', 'transaction_')}_1`);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('given calls that go on, when the wallet is rebuilt meanwhile, then none is lost and all agrees', async () => {
    const account = await app.newAccount(900);
    const calls = Array.from({ length: 50 }, () => studio.generate(account.key, voice));
    const rebuilds = Array.from({ length: 5 }, () => rebuild(account.id));
    const answers = await Promise.all(calls);
    for (const { data } of await Promise.all(rebuilds)) expect(data?.rebuildWallet).toMatchObject({ corrected: 0 });
    expect(answers.filter(({ __typename }) => __typename === 'Generation')).toHaveLength(50);
    const { wallet } = await studio.ask<{ wallet: { available: number; held: number } }>(
      '{ wallet { available held } }',
      { key: account.key },
    );
    // 100 + 900 - 50 calls of 4.
    expect(wallet).toEqual({ available: 800, held: 200 });
    expect(await app.app.services.history.verify(account.id as AccountId)).toMatchObject({ ok: true });
  });

  it('G36 given an account key or no such account, when a wallet is rebuilt, then it is refused', async () => {
    const account = await app.newAccount();
    expect((await rebuild(account.id, account.key)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await rebuild('account_none')).data?.rebuildWallet).toEqual({ code: 'ACCOUNT_NOT_FOUND' });
  });
});
