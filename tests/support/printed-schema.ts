import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The committed schema, as front ends generate from it. */
export const printedSchema = (): string =>
  readFileSync(fileURLToPath(new URL('../../schema.graphql', import.meta.url)), 'utf8');
