import { defineConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** The tests that need Debian's redis-server: `npm run test:redis`. */
export default defineConfig({
  ...config,
  test: { ...config.test, include: ['tests/redis/**/*.test.ts'], exclude: [], testTimeout: 60_000 },
});
