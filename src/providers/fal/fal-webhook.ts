import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { objectIn } from '../failures.ts';
import type { Outgoing } from '../outgoing.ts';

/** What fal sends with a webhook, in its headers. */
export interface FalWebhookHeaders {
  readonly requestId: string | null;
  readonly userId: string | null;
  /** In seconds since 1970. */
  readonly timestamp: string | null;
  /** In hexadecimal digits. */
  readonly signature: string | null;
}

/** Reads fal's webhooks. */
export interface FalWebhook {
  /** The id of the request that a webhook speaks of; null when it is not fal's, too old or no sense. */
  verify(headers: FalWebhookHeaders, body: Buffer): Promise<string | null>;
}

const toleranceMs = 5 * 60_000;
/** fal asks that its keys be kept no longer than a day. */
const keysLiveMs = 24 * 60 * 60_000;
/** A signature of none of the keys may be one of a new key; but forged ones must not make us ask all the time. */
const askAgainAfterMs = 60_000;

const jwksSchema = z.object({ keys: z.array(z.object({ x: z.string() })).max(100) });
const bodySchema = z.object({ request_id: z.string().min(1).max(200) });

/** Makes the reader of webhooks. fal's public keys (RFC 7517) are at `jwksUrl`. */
export function createFalWebhook({
  clock,
  outgoing,
  jwksUrl,
}: {
  readonly clock: Clock;
  readonly outgoing: Outgoing;
  readonly jwksUrl: string;
}): FalWebhook {
  let keys: readonly KeyObject[] = [];
  let askedAt: number | null = null;
  const refresh = async (): Promise<void> => {
    const answer = await outgoing.send({ method: 'GET', url: jwksUrl, isSafe: true });
    askedAt = clock.now();
    keys = jwksSchema
      .parse(objectIn(answer))
      .keys.map(({ x }) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
  };
  return {
    verify: async ({ requestId, userId, timestamp, signature }, body) => {
      if (requestId === null || userId === null || timestamp === null || signature === null) return null;
      if (!/^\d{1,12}$/.test(timestamp) || !/^[0-9a-f]{128}$/i.test(signature)) return null;
      if (Math.abs(clock.now() - Number(timestamp) * 1_000) > toleranceMs) return null;
      const bodyHash = createHash('sha256').update(body).digest('hex');
      const message = Buffer.from([requestId, userId, timestamp, bodyHash].join('\n'));
      const isSigned = (): boolean => keys.some((key) => verify(null, message, key, Buffer.from(signature, 'hex')));
      const ageMs = askedAt === null ? Infinity : clock.now() - askedAt;
      if (ageMs >= keysLiveMs) await refresh();
      else if (!isSigned() && ageMs >= askAgainAfterMs) await refresh();
      return isSigned() ? requestIdIn(body) : null;
    },
  };
}

/** The id by which the queue knows the request; the one in the headers may be that of a retry. */
function requestIdIn(body: Buffer): string | null {
  try {
    const parsed = bodySchema.safeParse(JSON.parse(body.toString('utf8')));
    return parsed.success ? parsed.data.request_id : null;
  } catch {
    return null;
  }
}
