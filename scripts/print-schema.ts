import { readFile, writeFile } from 'node:fs/promises';
import { printSchema } from 'graphql';
import { schema } from '../src/schema/index.ts';

// Writes schema.graphql from the code; with --check it only says whether the file is up to date.
const file = new URL('../schema.graphql', import.meta.url);
const printed = `${printSchema(schema)}\n`;

if (!process.argv.includes('--check')) await writeFile(file, printed);
else if ((await readFile(file, 'utf8')) !== printed) {
  process.stderr.write('schema.graphql is not what the code says. Run "npm run generate" and commit the result.\n');
  process.exitCode = 1;
}
