export { type Changes, createChanges } from './changes.ts';
export { openRedisChannel, RedisUnavailableError } from './redis-channel.ts';
export { type State, tellStates, type Told, versionIn } from './states.ts';
