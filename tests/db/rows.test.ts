import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Instant } from '../../src/clock.ts';
import { type Columns, insertRows, selectRows } from '../../src/db/index.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';

interface Thing {
  readonly number: number;
  readonly name: string | null;
  readonly isRed: boolean;
  readonly seenAt: Instant | null;
  readonly bytes: Buffer;
  readonly words: readonly string[];
  readonly amounts: readonly number[];
}

const columns: Columns<Thing> = {
  is_red: ['boolean', (thing) => thing.isRed],
  number: ['integer', (thing) => thing.number],
  name: ['text', (thing) => thing.name],
  seen_at: ['timestamptz', (thing) => thing.seenAt],
  bytes: ['bytea', (thing) => thing.bytes],
  words: ['text[]', (thing) => thing.words],
  amounts: ['integer[]', (thing) => thing.amounts],
};

const usual: Thing = {
  number: 1,
  name: 'plain',
  isRed: true,
  seenAt: 1_767_225_600_123 as Instant, // 2026-01-01T00:00:00.123Z
  bytes: Buffer.from([0, 92, 255]),
  words: ['grant_1'],
  amounts: [3],
};

const oddTexts = [
  ...['', ' ', ' a ', 'null', 'NULL', 'nullable', '{}', '{a,b}', ',', '"', '\\', '\\"', `'`, `'; DROP TABLE thing; --`],
  ...[
    '\\x00',
    'a\nb\tc',
    '(1,2)',
    '[1:2]={3,4}',
    'Zürich',
    '日本語',
    '😀',
    '$1',
    '%',
    '-1',
    '1e5',
    '2026-01-01T00:00:00Z',
  ],
];

describeOnBoth('Rows in a statement', (kind) => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await openTestDatabase(kind);
    await test.database.runScript(`CREATE TABLE thing (is_red boolean NOT NULL, number integer NOT NULL, name text,
      seen_at timestamptz(3), bytes bytea NOT NULL, words text[] NOT NULL, amounts integer[] NOT NULL)`);
  });
  afterAll(() => test.database.close());

  const write = async (things: readonly Thing[]): Promise<Thing[]> => {
    const { prisma } = test.database;
    await prisma.$executeRaw`DELETE FROM thing`;
    await prisma.$executeRaw`${insertRows('thing', columns, things)}`;
    const rows = await prisma.$queryRaw<
      {
        is_red: boolean;
        number: number;
        name: string | null;
        seen_at: Date | null;
        bytes: Uint8Array;
        words: string[];
        amounts: number[];
      }[]
    >`SELECT * FROM thing ORDER BY number`;
    return rows.map((row) => ({
      number: row.number,
      name: row.name,
      isRed: row.is_red,
      seenAt: row.seen_at === null ? null : (row.seen_at.getTime() as Instant), // The same milliseconds.
      bytes: Buffer.from(row.bytes),
      words: row.words,
      amounts: row.amounts,
    }));
  };

  it.each([
    ['none', []],
    ['one', [usual]],
    [
      'one with nothing in it',
      [{ ...usual, name: null, seenAt: null, bytes: Buffer.alloc(0), words: [], amounts: [] }],
    ],
    ['three that are the same', [usual, usual, usual]],
    ['three of which only the number differs', [1, 2, 3].map((number) => ({ ...usual, number }))],
    [
      'rows with and without, the first with',
      [usual, { ...usual, number: 2, name: null, seenAt: null, words: [], amounts: [] }, { ...usual, number: 3 }],
    ],
    [
      'rows with and without, the first without',
      [
        { ...usual, name: null },
        { ...usual, number: 2 },
      ],
    ],
    [
      'rows with nothing in a column in all of them',
      [1, 2].map((number) => ({ ...usual, number, name: null, seenAt: null, words: [] })),
    ],
    ['a value that comes back', ['a', 'b', 'a'].map((name, index) => ({ ...usual, number: index, name }))],
    [
      'lists of several lengths',
      [[], [7], [7, 8, 9], [7, 8]].map((amounts, number) => ({
        ...usual,
        number,
        amounts,
        words: amounts.map(String),
      })),
    ],
  ])('given %s, when they are written, then just these are there', async (_what, things: Thing[]) => {
    expect(await write(things)).toEqual(things);
  });

  it('given texts that mean something to SQL, to arrays or to nobody, when they are written, then they are what they were', async () => {
    const apart = oddTexts.map((text, number) => ({ ...usual, number, name: text, words: [text, 'and', text] }));
    expect(await write(apart)).toEqual(apart);
    for (const name of oddTexts) {
      const alike = [1, 2].map((number) => ({ ...usual, number, name, words: [name] }));
      expect(await write(alike)).toEqual(alike);
    }
  });

  it('given any rows, when they are put in a statement, then its text is the same', () => {
    const texts = [[usual], [usual, usual], [usual, { ...usual, number: 2, name: null }], []].map(
      (things) => selectRows(columns, things).sql,
    );
    expect(new Set(texts).size).toBe(1);
  });

  it('given a column that says the same in every row, when the rows are put in a statement, then it is sent once', () => {
    const { values } = selectRows(
      columns,
      [1, 2, 3].map((number) => ({ ...usual, number })),
    );
    expect(values.slice(0, 3)).toEqual(['{true}', '{1,2,3}', '{plain}']);
  });
});
