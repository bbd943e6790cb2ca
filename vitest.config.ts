import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/browser/**'],
    globalSetup: ['tests/support/global-setup.ts'],
    // A PostgreSQL and an embedded database work beside the tests on the same machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
  resolve: {
    // Two builds of graphql in one process do not know each other's types.
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql/index.js')) }],
  },
});
