import type { Generation } from '../generation/index.ts';
import { builder } from './builder.ts';

/** The type `Generation`, which wallets and generations both speak of; `generation.ts` says what it looks like. */
export const generationRef = builder.objectRef<Generation>('Generation');
