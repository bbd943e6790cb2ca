import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connection, type Fault, isCarefulWrite, Line } from '../simulator/connection.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('A COMMIT, or a write without one, whose answer is lost', () => {
  let app: TestApp;
  let studio: Studio;
  /** What happens to the next COMMIT, or write without one. */
  let fault: Fault | null = null;

  beforeAll(async () => {
    const connection = new Connection(await PGlite.create(), new Line(), {
      next: ({ kind, sql }) => {
        if (kind !== 'commit' && !isCarefulWrite(sql)) return null;
        const now = fault;
        fault = null;
        return now;
      },
      done: () => {},
      died: () => {},
      lost: () => {},
    });
    app = await startTestApp('embedded', { database: { database: connection.open('embedded'), url: null } });
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
    await app.database.close();
  });

  it.each<Fault>(['lose after', 'lose before'])(
    'G01 given a void without a key, when the server runs it again (%s), then it is done once and says so',
    async (lost) => {
      const account = await app.newAccount();
      const { id } = await studio.giveCredits(account.id, 10);
      fault = lost;
      expect(await studio.voidGrant(id ?? '')).toMatchObject({ __typename: 'Grant', state: 'VOIDED' });
      expect(fault).toBeNull();
      // 100 welcome credits + 10 - 10 = 100
      expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
      expect(await studio.voidGrant(id ?? '')).toMatchObject({ __typename: 'GrantNotVoidableError' });
    },
  );

  it.each<Fault>(['lose after', 'lose before'])(
    'G01 given a generation, when the server runs its batch again (%s), then it is held once',
    async (lost) => {
      const account = await app.newAccount();
      for (const [index, idempotencyKey] of ['a key', null].entries()) {
        fault = lost;
        expect(await studio.generate(account.key, { ...mini, idempotencyKey })).toMatchObject({
          __typename: 'Generation',
        });
        expect(fault).toBeNull();
        // 100 - 3 each
        const held = 3 * (index + 1);
        expect(await studio.wallet(account.key)).toEqual({ available: 100 - held, held });
      }
    },
  );
});
