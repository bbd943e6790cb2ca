import { defineConfig } from 'vitest/config';

/** The tests of the pure core alone, which mutation testing runs for each change that it makes to the core. */
export default defineConfig({
  test: {
    include: ['tests/ledger/core/*.test.ts'],
    // A mutant is found by few sequences or by none, and one seed makes a run repeatable.
    env: { FC_SEED: '1', FC_SHARE: '0.05' },
    testTimeout: 30_000,
  },
});
