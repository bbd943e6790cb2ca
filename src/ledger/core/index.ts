export { type GrantState, grantStateAt } from './grant-state.ts';
export * from './types.ts';
