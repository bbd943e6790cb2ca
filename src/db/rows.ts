import { type Instant, toDate } from '../clock.ts';
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
type Value = string | number | boolean | null | Instant | Buffer | readonly (string | number)[];

/** The columns of some rows: each with its type in PostgreSQL, and where its value stands in what the rows are made of. */
export type Columns<Source> = Readonly<Record<string, readonly [type: string, valueOf: (source: Source) => Value]>>;

/**
 * Rows as a query that gives them, for `INSERT INTO … ` or `FROM (…)`: one parameter for each column, which PostgreSQL
 * takes in about half the time that the same rows take as `jsonb`. A column that says the same in every row travels
 * once: many do, and what is not sent is neither written, nor copied, nor parsed. Names and types stand in the code,
 * values do not, so that the text of the statement is the same for any rows.
 */
export function selectRows<Source>(columns: Columns<Source>, sources: readonly Source[]): Statement {
  const given = Object.entries(columns).map(([name, [type, valueOf]]) => ({
    name,
    type,
    elements: elementsOf(type, valueOf, sources),
  }));
  const [first] = given;
  // One column has to tell how many rows there are.
  if (first !== undefined && given.every(({ elements }) => elements.length === 1)) {
    first.elements = sources.map(() => first.elements[0] ?? 'NULL');
  }
  const arrays = given.map(
    ({ name, type, elements }) =>
      Prisma.sql`${`{${elements.join(',')}}`}::${Prisma.raw(`${transportOf(type)}[] AS ${name}`)}`,
  );
  return Prisma.sql`SELECT ${Prisma.raw(given.map(selected).join(', '))} FROM (SELECT ${Prisma.join(arrays)}) AS given
    CROSS JOIN LATERAL unnest(${Prisma.raw(given.map(({ name }) => `given.${name}`).join(', '))})
    AS single (${Prisma.raw(given.map(({ name }) => name).join(', '))})`;
}

/** `INSERT INTO` a table of the named columns and the rows; what is to happen to rows that are there may follow. */
export const insertRows = <Source>(table: string, columns: Columns<Source>, sources: readonly Source[]): Statement =>
  Prisma.sql`INSERT INTO ${Prisma.raw(`${table} (${Object.keys(columns).join(', ')})`)} ${selectRows(columns, sources)}`;

/** `UPDATE` of those rows of a table that are there: found by the key's columns, changed in all others. */
export function updateRows<Source>(
  table: string,
  key: readonly string[],
  columns: Columns<Source>,
  sources: readonly Source[],
): Statement {
  const changes = Object.keys(columns).filter((name) => !key.includes(name));
  const set = changes.map((name) => `${name} = changed.${name}`).join(', ');
  const isSame = key.map((name) => `${table}.${name} = changed.${name}`).join(' AND ');
  return Prisma.sql`UPDATE ${Prisma.raw(table)} SET ${Prisma.raw(set)} FROM (${selectRows(columns, sources)}) AS changed
    WHERE ${Prisma.raw(isSame)}`;
}

/** Some of the columns. */
export function pickColumns<Source>(columns: Columns<Source>, names: readonly string[]): Columns<Source> {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => names.includes(name)));
}

/** The column's elements in an array's literal: one for each row, or one alone when all are the same. */
function elementsOf<Source>(type: string, valueOf: (source: Source) => Value, sources: readonly Source[]): string[] {
  const elements: string[] = [];
  let lastValue: Value | undefined;
  let element = '';
  let isSame = true;
  for (const source of sources) {
    const value = valueOf(source);
    if (value !== lastValue) {
      const before = element;
      element = elementLiteral(type, value);
      isSame &&= element === before || lastValue === undefined;
      lastValue = value;
    }
    elements.push(element);
  }
  return isSame ? elements.slice(0, 1) : elements;
}

/** How a column travels in an array: lists may differ in length, which no array of arrays can, and bytes are digits. */
const transportOf = (type: string): string => (type.endsWith('[]') || type === 'bytea' ? 'text' : type);

function selected({ name, type }: { readonly name: string; readonly type: string }): string {
  const value = `CASE WHEN cardinality(given.${name}) = 1 THEN given.${name}[1] ELSE single.${name} END`;
  if (type === 'bytea') return `decode(${value}, 'hex') AS ${name}`;
  return type.endsWith('[]') ? `(${value})::${type} AS ${name}` : `${value} AS ${name}`;
}

function elementLiteral(type: string, value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return type === 'timestamptz' ? toDate(value as Instant).toISOString() : String(value);
  if (typeof value === 'boolean') return String(value);
  if (Buffer.isBuffer(value)) return quoted(value.toString('hex'));
  return `"{${value.map((element) => (typeof element === 'number' ? element : nested(element))).join(',')}}"`;
}

/** Nearly all texts are ids, codes and digits, which stand for themselves: but for the word that says that there is none. */
const plain = /^(?!null$)[\w.:-]+$/i;

const quoted = (text: string): string => (plain.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`);

/** A text in an array within an element, whose quotes are quoted. */
const nested = (text: string): string => (plain.test(text) ? text : quoted(text).replace(/["\\]/g, '\\$&'));
