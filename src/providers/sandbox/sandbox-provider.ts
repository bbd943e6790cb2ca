import type { Clock } from '../../clock.ts';
import type { ProviderAdapter, ProviderFailure, ProviderRequest, ProviderState } from '../provider.ts';
import { readRequestId, type SandboxCourse, writeRequestId } from './request-id.ts';
import { makeResult } from './result.ts';
import { seedOf } from './seed.ts';

const usualDurationMs = 1_500;
const videoDurationMs = 2_500;
const slowDurationMs = 30_000;
const shortestWaitMs = 250;
const longestWaitMs = 2_000;

/**
 * Gives the provider that runs every model without a network. It keeps no state: the request id carries the
 * start, the duration, the course and the seed of a request, so any process can check it, also after a restart.
 */
export function createSandboxProvider({ clock }: { readonly clock: Clock }): ProviderAdapter {
  return {
    submit: (request) => {
      const course = request.sandbox ?? 'run';
      const requestId = writeRequestId({
        startMs: clock.now(),
        durationMs: durationMsOf(request, course),
        course,
        seed: seedOf(request),
      });
      return Promise.resolve({ kind: 'accepted', requestId });
    },
    check: (requestId, request) => check(requestId, request, clock.now()),
    /** Does nothing: nothing runs between two checks, so a request that nobody checks has stopped by itself. */
    cancel: () => Promise.resolve(),
  };
}

function durationMsOf(request: ProviderRequest, course: SandboxCourse): number {
  if (course === 'slow') return slowDurationMs;
  return request.model.kind === 'VIDEO' ? videoDurationMs : usualDurationMs;
}

async function check(requestId: string, request: ProviderRequest, nowMs: number): Promise<ProviderState> {
  const ticket = readRequestId(requestId);
  if (ticket === null) return failed('PROVIDER_ERROR', 'The sandbox does not know this request.');
  if (ticket.course === 'hang') return { kind: 'working', progress: null, checkAfterMs: longestWaitMs };
  const leftMs = ticket.startMs + ticket.durationMs - nowMs;
  if (leftMs > 0) return workingFor(leftMs, ticket.durationMs);
  switch (ticket.course) {
    case 'fail':
      return failed('PROVIDER_ERROR', 'The sandbox failed, as it was asked to.');
    case 'block':
      return failed('CONTENT_BLOCKED', 'The sandbox blocked this content, as it was asked to.');
    case 'run':
    case 'slow':
      return { kind: 'succeeded', result: await makeResult(request, ticket.seed) };
  }
}

// Another process may have submitted by a clock that is ahead of this one; progress then stays at 0.
function workingFor(leftMs: number, durationMs: number): ProviderState {
  return {
    kind: 'working',
    progress: Math.max(0, 1 - leftMs / durationMs),
    checkAfterMs: Math.min(longestWaitMs, Math.max(shortestWaitMs, leftMs)),
  };
}

function failed(code: 'PROVIDER_ERROR' | 'CONTENT_BLOCKED', message: string): ProviderState {
  const failure: ProviderFailure = { code, message, retryable: code === 'PROVIDER_ERROR' };
  return { kind: 'failed', failure };
}
