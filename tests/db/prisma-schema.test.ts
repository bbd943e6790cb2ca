import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { type Column, parsePrismaSchema } from '../support/prisma-schema.ts';

const schema = parsePrismaSchema(
  readFileSync(fileURLToPath(new URL('../../prisma/schema.prisma', import.meta.url)), 'utf8'),
);

let opened: TestDatabase;
beforeAll(async () => {
  opened = await openTestDatabase('postgres');
});
afterAll(() => opened.database.close());

const inOrder = (columns: readonly Column[]): Column[] =>
  [...columns].sort((left, right) => (`${left.table}.${left.column}` < `${right.table}.${right.column}` ? -1 : 1));

test('given the migrations and schema.prisma, when their columns are compared, then they have the same names, types, nullability and defaults', async () => {
  const columns = await opened.database.prisma.$queryRaw<Column[]>`
    SELECT table_name AS "table", column_name AS "column", udt_name AS type, is_nullable = 'YES' AS nullable,
      column_default IS NOT NULL AS "hasDefault"
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'`;
  expect(columns.length).toBeGreaterThan(100);
  expect(inOrder(schema.columns)).toEqual(inOrder(columns));
});

test('given the migrations and schema.prisma, when their keys are compared, then they are the same', async () => {
  const keys = await opened.database.prisma.$queryRaw<{ table: string; columns: string[]; primary: boolean }[]>`
    SELECT relation.relname AS "table", index.indisprimary AS "primary",
      array_agg(attribute.attname::text ORDER BY array_position(index.indkey::int2[], attribute.attnum)) AS columns
    FROM pg_index AS index
      JOIN pg_class AS relation ON relation.oid = index.indrelid
      JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid AND attribute.attnum = ANY (index.indkey)
    WHERE relation.relnamespace = 'public'::regnamespace AND relation.relname <> '_prisma_migrations'
      AND index.indisunique AND index.indpred IS NULL
    GROUP BY index.indexrelid, relation.relname, index.indisprimary`;
  const primaryKeys = keys.filter(({ primary }) => primary).map(({ table, columns }) => [table, columns]);
  expect(schema.primaryKeys).toEqual(Object.fromEntries(primaryKeys));
  const unique = keys.filter(({ primary, columns }) => !primary && columns.length === 1);
  expect([...schema.uniqueColumns].sort()).toEqual(unique.map(({ table, columns }) => `${table}.${columns[0]}`).sort());
});

test('given the migrations and schema.prisma, when their enums are compared, then they have the same values in the same order', async () => {
  const enums = await opened.database.prisma.$queryRaw<{ name: string; values: string[] }[]>`
    SELECT type.typname::text AS name, array_agg(label.enumlabel::text ORDER BY label.enumsortorder) AS values
    FROM pg_type AS type JOIN pg_enum AS label ON label.enumtypid = type.oid GROUP BY type.typname`;
  expect(schema.enums).toEqual(Object.fromEntries(enums.map(({ name, values }) => [name, values])));
});
