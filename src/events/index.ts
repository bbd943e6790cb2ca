export { type Changes, createChanges } from './changes.ts';
export { type State, tellStates, type Told, versionIn } from './states.ts';
