/** A column as `schema.prisma` and the database both can say it. */
export interface Column {
  readonly table: string;
  readonly column: string;
  /** PostgreSQL's name of the type; of a list with `_` before it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

export interface PrismaSchema {
  readonly columns: readonly Column[];
  /** Tables with the columns of their primary keys, in order. */
  readonly primaryKeys: Readonly<Record<string, readonly string[]>>;
  /** Columns that are unique by themselves, as `table.column`. */
  readonly uniqueColumns: readonly string[];
  /** Enums with their values, in order. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

const scalarTypes: Readonly<Record<string, string>> = {
  String: 'text',
  Int: 'int4',
  BigInt: 'int8',
  Boolean: 'bool',
  Float: 'float8',
  Json: 'jsonb',
  Bytes: 'bytea',
  DateTime: 'timestamptz',
};

/** Reads as much of Prisma's language as our schema uses. */
export function parsePrismaSchema(text: string): PrismaSchema {
  const blocks = [...text.matchAll(/^(model|enum) (\w+) \{\n(.*?)^\}/gms)].map(
    ([, kind = '', name = '', body = '']) => {
      const lines = body.split('\n').map((line) => line.trim());
      return { kind, name, body, lines: lines.filter((line) => line !== '' && !line.startsWith('//')) };
    },
  );
  const databaseName = ({ name, body }: { name: string; body: string }): string =>
    /^\s*@@map\("(\w+)"\)/m.exec(body)?.[1] ?? name;
  const enumBlocks = blocks.filter(({ kind }) => kind === 'enum');
  const enumNames = new Map(enumBlocks.map((block) => [block.name, databaseName(block)]));
  const models = blocks.filter(({ kind }) => kind === 'model');

  const fields = models.flatMap((model) =>
    model.lines.flatMap((line) => {
      const [, field, type, list, optional, attributes = ''] = /^(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line) ?? [];
      const known = type === undefined ? undefined : (scalarTypes[type] ?? enumNames.get(type));
      // A field of another model's type is a relation and no column.
      if (field === undefined || known === undefined) return [];
      const column: Column = {
        table: databaseName(model),
        column: /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? field,
        type: list === undefined ? known : `_${known}`,
        nullable: optional !== undefined,
        hasDefault: attributes.includes('@default('),
      };
      return [{ model: model.name, field, column, attributes }];
    }),
  );
  const primaryKeys = models.map((model) => {
    const own = fields.filter((field) => field.model === model.name);
    const together = /^@@id\(\[(.*)\]\)/m.exec(model.lines.join('\n'))?.[1]?.split(', ');
    const names = together ?? own.filter(({ attributes }) => /@id\b/.test(attributes)).map(({ field }) => field);
    const columns = names.map((name) => own.find(({ field }) => field === name)?.column.column ?? name);
    return [databaseName(model), columns] as const;
  });
  return {
    columns: fields.map(({ column }) => column),
    primaryKeys: Object.fromEntries(primaryKeys),
    uniqueColumns: fields.flatMap(({ attributes, column }) =>
      /@unique\b/.test(attributes) ? [`${column.table}.${column.column}`] : [],
    ),
    enums: Object.fromEntries(
      enumBlocks.map((block) => [databaseName(block), block.lines.filter((line) => /^\w+$/.test(line))]),
    ),
  };
}
