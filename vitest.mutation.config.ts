import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isProperty = ({ moduleId }: TestSpecification): number => (moduleId.endsWith('.property.test.ts') ? 1 : 0);

/** A mutant is given up at its first failed test, and most of them fail a story, which costs next to nothing. */
class StoriesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((left, right) => isProperty(left) - isProperty(right));
  }
}

/** The tests of the pure core alone, which mutation testing runs for each change that it makes to the core. */
export default defineConfig({
  test: {
    include: ['tests/ledger/core/*.test.ts'],
    // A mutant is found by few sequences or by none, and one seed makes a run repeatable.
    env: { FC_SEED: '1', FC_SHARE: '0.02' },
    sequence: { sequencer: StoriesFirst },
    testTimeout: 30_000,
  },
});
