import process from 'node:process';
import { defineConfig } from 'prisma/config';

// Prisma's CLI fetches its schema engine from another host even for `generate`, which does not use it.
// Naming any executable keeps `generate` offline; other commands still get the engine they need.
if (process.argv.includes('generate')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only the commands that reach a database need the address; `generate` runs without one.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
