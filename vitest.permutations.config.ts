import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** Every order of the events of every story, on the embedded database: `npm run test:permutations`. */
export default mergeConfig(config, defineConfig({ test: { env: { EVERY_ORDER: '1' } } }));
