import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/browser/**', 'tests/redis/**'],
    globalSetup: ['tests/support/global-setup.ts'],
    // A PostgreSQL and an embedded database work beside the tests on the same machine.
    // A test waits for its database about as long as it works, so that no core needs to be kept free.
    maxWorkers: '100%',
    // Files that share a process share its modules and its embedded database, which take longer to load than many a test.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
  resolve: {
    // Two builds of graphql in one process do not know each other's types.
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql/index.js')) }],
  },
});
