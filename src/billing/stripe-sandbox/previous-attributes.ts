/** What an update has changed, as it was: of objects the changed fields alone, of lists all. */
export function previousAttributes(before: object, after: object): object {
  const now = new Map<string, unknown>(Object.entries(after));
  return Object.fromEntries(
    Object.entries(before)
      .flatMap(([key, old]: [string, unknown]) => {
        const current = now.get(key);
        if (JSON.stringify(old) === JSON.stringify(current)) return [];
        if (isPlain(old) && isPlain(current)) return [[key, previousAttributes(old, current)]];
        return [[key, old]];
      })
      .concat([...now.keys()].filter((key) => !(key in before)).map((key) => [key, null])),
  );
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
