import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import { jobIdOf } from './generations.ts';
import { findGeneration, recordCallback } from './generation.store.ts';
import type { GenerationId } from './types.ts';

/** One time that a generation was sent to its provider. */
export interface Attempt {
  readonly generationId: GenerationId;
  /** What the generation was marked with right before. */
  readonly submittingAt: Instant;
}

/** What providers say by themselves: hints, after which they are asked. */
export interface Callbacks {
  /** A secret name for an attempt, which stands in the address that its provider is given. */
  tokenOf(attempt: Attempt): string;
  /** Takes the hint that a request has ended: the provider is asked now. False when the token is none of ours. */
  note(token: string, requestId: string): Promise<boolean>;
}

/** Makes and reads the names of attempts, and takes hints. */
export function createCallbacks({
  database,
  clock,
  jobs,
  secret,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly secret: Uint8Array;
}): Callbacks {
  const signatureOf = (name: string): Buffer => createHmac('sha256', secret).update(name).digest();
  return {
    tokenOf: ({ generationId, submittingAt }) => {
      const name = `${generationId}.${submittingAt}`;
      return `${name}.${signatureOf(name).toString('base64url')}`;
    },
    note: async (token, requestId) => {
      const [, name = '', id = '', at = '', signature = ''] =
        /^((gen_\w{26})\.(\d{1,15}))\.([\w-]{43})$/.exec(token) ?? [];
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== 32 || !timingSafeEqual(given, signatureOf(name))) return false;
      // It is signed, so it is of our making.
      const attempt: Attempt = { generationId: id as GenerationId, submittingAt: Number(at) as Instant };
      const { prisma } = database;
      // Its answer to the submission may still be on its way, or may have been lost with a process.
      await recordCallback(prisma, attempt, requestId, clock.now());
      const generation = await findGeneration(prisma, attempt.generationId);
      if (generation?.status === 'RUNNING' && generation.providerRequestId === requestId) {
        await jobs.hasten(jobIdOf(attempt.generationId), 'POLL');
      }
      return true;
    },
  };
}
