import { type Instant, toDate } from '../../clock.ts';
import type { PrismaClient } from '../../db/index.ts';
import type { StripeSandboxStore } from './store.ts';
import type { StripeKind, StripeObjects } from './stripe-objects.ts';

/** Keeps the sandbox's objects in the tables `stripe_sandbox_object` and `stripe_sandbox_request`. */
export function createStripeSandboxStore(prisma: PrismaClient): StripeSandboxStore {
  return {
    async find(kind, id) {
      // No id of ours holds anything else, and PostgreSQL refuses U+0000 in a text.
      if (!/^\w+$/.test(id)) return null;
      const row = await prisma.stripeSandboxObject.findUnique({ where: { id } });
      return row === null || row.kind !== kind ? null : storedObject<typeof kind>(row.data);
    },

    async list(kind, { matching, startingAfter, limit }) {
      const rows = await prisma.$queryRaw<{ data: unknown }[]>`
        SELECT data
        FROM stripe_sandbox_object
        WHERE kind = ${kind}
          AND EXISTS (
            SELECT 1
            FROM jsonb_array_elements(${JSON.stringify(matching)}::text::jsonb) AS wanted (pattern)
            WHERE data @> wanted.pattern
          )
          AND (
            ${startingAfter}::text IS NULL
            OR (created_at, id) < (SELECT created_at, id FROM stripe_sandbox_object WHERE id = ${startingAfter}::text)
          )
        ORDER BY created_at DESC, id DESC
        LIMIT ${limit}`;
      return rows.map((row) => storedObject<typeof kind>(row.data));
    },

    async nextSessionEnd(after) {
      const [row] = await prisma.$queryRaw<{ seconds: bigint | null }[]>`
        SELECT min((data ->> 'expires_at')::bigint) AS seconds
        FROM stripe_sandbox_object
        WHERE kind = 'checkout.session' AND data ->> 'status' = 'open'
          AND (data ->> 'expires_at')::bigint * 1000 > ${after}::bigint`;
      return row?.seconds == null ? null : ((Number(row.seconds) * 1_000) as Instant); // Stripe counts seconds.
    },

    async findRequest(idempotencyKey) {
      const row = await prisma.stripeSandboxRequest.findUnique({ where: { idempotencyKey } });
      // Only `commit` writes these rows, from an object.
      return row === null ? null : { ...row, body: row.body as object };
    },

    async commit({ at, insert, replace, request }) {
      // One statement, so that a crash leaves all of it or nothing. `target` locks the object and looks
      // at its newest version; a key that another statement is just inserting is waited for.
      const rows = await prisma.$queryRaw<{ unchanged: boolean; permitted: boolean }[]>`
        WITH target AS (
          SELECT id
          FROM stripe_sandbox_object
          WHERE id = ${replace?.from.id ?? null}::text AND data = ${json(replace?.from)}::text::jsonb
          FOR UPDATE
        ),
        unchanged AS (
          SELECT 1 AS yes WHERE ${replace === null}::boolean OR EXISTS (SELECT 1 FROM target)
        ),
        remembered AS (
          INSERT INTO stripe_sandbox_request (idempotency_key, fingerprint, status, body)
          SELECT ${request?.idempotencyKey ?? null}::text, ${request?.fingerprint ?? null}::text,
            ${request?.status ?? null}::integer, ${json(request?.body)}::text::jsonb
          FROM unchanged
          WHERE ${request !== null}::boolean
          ON CONFLICT (idempotency_key) DO NOTHING
          RETURNING 1 AS yes
        ),
        permitted AS (
          SELECT 1 AS yes FROM unchanged WHERE ${request === null}::boolean OR EXISTS (SELECT 1 FROM remembered)
        ),
        replaced AS (
          UPDATE stripe_sandbox_object
          SET data = ${json(replace?.to)}::text::jsonb
          FROM permitted
          WHERE stripe_sandbox_object.id IN (SELECT id FROM target)
          RETURNING 1 AS yes
        ),
        inserted AS (
          INSERT INTO stripe_sandbox_object (id, kind, data, created_at)
          SELECT object ->> 'id', object ->> 'object', object, ${toDate(at).toISOString()}::text::timestamptz
          FROM permitted, jsonb_array_elements(${JSON.stringify(insert)}::text::jsonb) AS object
          RETURNING 1 AS yes
        )
        SELECT EXISTS (SELECT 1 FROM unchanged) AS unchanged, EXISTS (SELECT 1 FROM permitted) AS permitted`;
      const outcome = rows[0];
      if (outcome === undefined) throw new Error('A statement that always answers with one row answered with none.');
      if (!outcome.unchanged) return 'stale';
      return outcome.permitted ? 'done' : 'key_taken';
    },
  };
}

function storedObject<Kind extends StripeKind>(data: unknown): StripeObjects[Kind] {
  return data as StripeObjects[Kind]; // Only `commit` writes these rows, and their `kind` was compared.
}

const json = (value: object | undefined): string | null => (value === undefined ? null : JSON.stringify(value));
