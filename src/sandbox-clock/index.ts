export { type Agenda, type ClockMoves, createClockMoves, type FallsDue } from './clock-moves.ts';
export { createSandboxClock, type SandboxClock } from './sandbox-clock.ts';
