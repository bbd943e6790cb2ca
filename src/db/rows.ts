import { Prisma } from './generated/client.ts';

/** A piece of SQL with its parameters, which a store makes and others may carry. */
export type Statement = Prisma.Sql;

/**
 * Stands in statements that are sent all the time and whose text hardly varies: PostgreSQL keeps them parsed and planned
 * for each connection. Without a mark it does so anew each time, which takes longer than a small statement itself.
 */
export const preparedMark = '/* prepared */';

export const prepared = Prisma.raw(preparedMark);

/** What a column takes; `null` in a column that may be empty. A list is a column of an array type. */
type Value = string | number | boolean | null | readonly (string | number)[];

/** The columns of some rows, each with its type in PostgreSQL. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: string };

/**
 * Rows as a query that gives them, for `INSERT INTO … ` or `FROM (…)`: one parameter for each column, which PostgreSQL
 * takes in about half the time that the same rows take as `jsonb`. Names and types stand in the code, values do not.
 */
export function selectRows<Row extends { readonly [Name in keyof Row]: Value }>(
  columns: Columns<Row>,
  rows: readonly Row[],
): Statement {
  const names = namesOf(columns);
  const isList = (name: keyof Row & string): boolean => columns[name].endsWith('[]');
  const parameters = names.map((name) => {
    const literal = arrayLiteral(rows.map((row) => row[name]));
    // Lists may differ in length, which no array of arrays can: each travels as a text of its own.
    return Prisma.sql`${literal}::${Prisma.raw(isList(name) ? 'text[]' : `${columns[name]}[]`)}`;
  });
  const selected = names.map((name) => (isList(name) ? `${name}::${columns[name]} AS ${name}` : name)).join(', ');
  return Prisma.sql`SELECT ${Prisma.raw(selected)} FROM unnest(${Prisma.join(parameters)})
    AS given (${Prisma.raw(names.join(', '))})`;
}

/** `INSERT INTO` a table of the named columns and the rows; what is to happen to rows that are there may follow. */
export const insertRows = <Row extends { readonly [Name in keyof Row]: Value }>(
  table: string,
  columns: Columns<Row>,
  rows: readonly Row[],
): Statement =>
  Prisma.sql`INSERT INTO ${Prisma.raw(`${table} (${namesOf(columns).join(', ')})`)} ${selectRows(columns, rows)}`;

const namesOf = <Row>(columns: Columns<Row>): (keyof Row & string)[] => Object.keys(columns) as (keyof Row & string)[]; // The type has no other members.

function arrayLiteral(values: readonly Value[]): string {
  return `{${values.map(elementLiteral).join(',')}}`;
}

function elementLiteral(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'object') return quoted(arrayLiteral(value));
  return String(value);
}

const quoted = (text: string): string => `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
