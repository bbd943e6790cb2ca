import { defineConfig } from 'vitest/config';

/** The tests that need a browser: `npx vitest run --config vitest.browser.config.ts`. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
