import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPassing } from '../../src/db/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';

describe('What may succeed when it is run again', () => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await openTestDatabase('postgres');
    // Deferred, so that it acts at COMMIT.
    await test.database.runScript(`
      CREATE TABLE trouble (kind text NOT NULL);
      CREATE FUNCTION make_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.kind = 'conflict' THEN RAISE EXCEPTION 'A conflict.' USING ERRCODE = 'serialization_failure'; END IF;
        IF NEW.kind = 'wrong' THEN RAISE EXCEPTION 'A mistake.' USING ERRCODE = 'check_violation'; END IF;
        IF NEW.kind = 'break' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NULL;
      END
      $$;
      CREATE CONSTRAINT TRIGGER trouble AFTER INSERT ON trouble DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION make_trouble();`);
  });
  afterAll(() => test.database.close());

  const errorOf = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      await work();
    } catch (error) {
      return error;
    }
    throw new Error('Nothing failed.');
  };
  const atCommit = (kind: string): Promise<unknown> =>
    errorOf(() =>
      test.database.prisma.$transaction(async (transaction) => {
        await transaction.$executeRaw`INSERT INTO trouble VALUES (${kind})`;
      }),
    );

  it('G14 given a conflict that PostgreSQL sees at COMMIT, then it passes', async () => {
    expect(isPassing(await atCommit('conflict'))).toBe(true);
  });

  it('G14 given a connection that breaks at COMMIT, then it passes', async () => {
    expect(isPassing(await atCommit('break'))).toBe(true);
  });

  it('G14 given a connection that breaks between two statements, then it passes', async () => {
    const error = await errorOf(() =>
      test.database.prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())::text`;
        await transaction.$queryRaw`SELECT 1`;
      }),
    );
    expect(isPassing(error)).toBe(true);
  });

  it('given a rule that is broken at COMMIT, then it does not pass', async () => {
    expect(isPassing(await atCommit('wrong'))).toBe(false);
  });

  it('given a statement that is wrong, then it does not pass', async () => {
    expect(isPassing(await errorOf(() => test.database.prisma.$queryRaw`SELECT no_such_column FROM trouble`))).toBe(
      false,
    );
  });
});
