import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** All generated and all aborted requests on both paths of the GraphQL endpoint: `npm run test:paths`. */
export default mergeConfig(
  config,
  defineConfig({
    test: { testTimeout: 600_000, env: { GENERATED_REQUESTS: '5000', ABORTED_REQUESTS: '10000' } },
  }),
);
