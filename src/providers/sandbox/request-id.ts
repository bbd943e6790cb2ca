import type { SandboxBehaviour } from '../provider.ts';

/** How a sandbox request goes on: `run` is the plain success, the others are what the caller asked for. */
export type SandboxCourse = 'run' | SandboxBehaviour;

/** All that the sandbox knows of a request. */
interface SandboxTicket {
  /** When it was submitted, in milliseconds since 1970. */
  readonly startMs: number;
  /** How long it works, in milliseconds of clock time. */
  readonly durationMs: number;
  readonly course: SandboxCourse;
  /** 16 lower-case hexadecimal digits, from which the result is made. */
  readonly seed: string;
}

// Written out rather than taken from `sandboxBehaviours`, so that ids already handed out stay readable.
const requestIdPattern =
  /^sandbox_(?<startMs>\d{1,15})_(?<durationMs>\d{1,9})_(?<course>run|slow|fail|block|hang)_(?<seed>[0-9a-f]{16})$/;

/** Gives the request id that carries a ticket. */
export function writeRequestId({ startMs, durationMs, course, seed }: SandboxTicket): string {
  return `sandbox_${startMs}_${durationMs}_${course}_${seed}`;
}

/** Gives the ticket that a request id carries; null when it is not one of the sandbox's. */
export function readRequestId(requestId: string): SandboxTicket | null {
  const { startMs, durationMs, course, seed } = requestIdPattern.exec(requestId)?.groups ?? {};
  if (startMs === undefined || durationMs === undefined || course === undefined || seed === undefined) return null;
  return {
    startMs: Number(startMs),
    durationMs: Number(durationMs),
    course: course as SandboxCourse, // The pattern lets no other word through.
    seed,
  };
}
