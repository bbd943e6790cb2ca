import { toDate, toInstant } from '../../clock.ts';
import type { PrismaClient } from '../../db/index.ts';
import { dueSecondsOf } from './due.ts';
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

    async list(kind, { matching, created = {}, startingAfter, oldestFirst = false, limit }) {
      const rows = await prisma.$queryRaw<{ data: unknown }[]>`
        SELECT data
        FROM stripe_sandbox_object
        WHERE kind = ${kind}
          AND EXISTS (
            SELECT 1
            FROM jsonb_array_elements(${JSON.stringify(matching)}::text::jsonb) AS wanted (pattern)
            WHERE data @> wanted.pattern
          )
          AND (${created.gt ?? null}::bigint IS NULL OR (data ->> 'created')::bigint > ${created.gt ?? null}::bigint)
          AND (${created.gte ?? null}::bigint IS NULL OR (data ->> 'created')::bigint >= ${created.gte ?? null}::bigint)
          AND (${created.lt ?? null}::bigint IS NULL OR (data ->> 'created')::bigint < ${created.lt ?? null}::bigint)
          AND (${created.lte ?? null}::bigint IS NULL OR (data ->> 'created')::bigint <= ${created.lte ?? null}::bigint)
          AND (
            ${startingAfter}::text IS NULL
            OR (NOT ${oldestFirst}::boolean AND (created_at, sequence)
              < (SELECT created_at, sequence FROM stripe_sandbox_object WHERE id = ${startingAfter}::text))
            OR (${oldestFirst}::boolean AND (created_at, sequence)
              > (SELECT created_at, sequence FROM stripe_sandbox_object WHERE id = ${startingAfter}::text))
          )
        ORDER BY
          CASE WHEN ${oldestFirst}::boolean THEN created_at END, CASE WHEN ${oldestFirst}::boolean THEN sequence END,
          created_at DESC, sequence DESC
        LIMIT ${limit}::bigint`;
      return rows.map((row) => storedObject<typeof kind>(row.data));
    },

    async nextDueAt(after) {
      const [row] = await prisma.$queryRaw<{ due_at: Date | null }[]>`
        SELECT min(due_at) AS due_at FROM stripe_sandbox_object
        WHERE due_at > ${toDate(after).toISOString()}::text::timestamptz`;
      return row?.due_at == null ? null : toInstant(row.due_at);
    },

    async findDue(at) {
      const [row] = await prisma.$queryRaw<{ data: unknown; due_at: Date }[]>`
        SELECT data, due_at FROM stripe_sandbox_object
        WHERE due_at <= ${toDate(at).toISOString()}::text::timestamptz
        ORDER BY due_at, sequence
        LIMIT 1`;
      return row === undefined ? null : { object: storedObject<StripeKind>(row.data), dueAt: toInstant(row.due_at) };
    },

    async findRequest(idempotencyKey) {
      const row = await prisma.stripeSandboxRequest.findUnique({ where: { idempotencyKey } });
      // Only `commit` writes these rows, from an object.
      return row === null ? null : { ...row, body: row.body as object };
    },

    async commit({ at, insert, replace, request }) {
      // One statement, so that a crash leaves all of it or nothing. `target` locks the objects, in one order for
      // all, and looks at their newest versions; a key that another statement is just inserting is waited for.
      const rows = await prisma.$queryRaw<{ unchanged: boolean; permitted: boolean }[]>`
        WITH wanted AS (
          SELECT pair -> 'from' ->> 'id' AS id, pair -> 'from' AS before, pair -> 'to' AS after,
            to_timestamp((pair ->> 'due')::bigint) AS due_at
          FROM jsonb_array_elements(
            ${JSON.stringify(replace.map(({ from, to }) => ({ from, to, due: dueSecondsOf(to) })))}::text::jsonb
          ) AS pair
        ),
        target AS (
          SELECT object.id
          FROM stripe_sandbox_object AS object JOIN wanted ON object.id = wanted.id AND object.data = wanted.before
          ORDER BY object.id
          FOR UPDATE OF object
        ),
        unchanged AS (
          SELECT 1 AS yes WHERE (SELECT count(*) FROM target) = (SELECT count(*) FROM wanted)
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
          SET data = wanted.after, due_at = wanted.due_at
          FROM permitted, wanted
          WHERE stripe_sandbox_object.id = wanted.id
          RETURNING 1 AS yes
        ),
        inserted AS (
          INSERT INTO stripe_sandbox_object (id, kind, data, created_at, due_at)
          SELECT entry -> 'object' ->> 'id', entry -> 'object' ->> 'object', entry -> 'object',
            ${toDate(at).toISOString()}::text::timestamptz, to_timestamp((entry ->> 'due')::bigint)
          FROM permitted, jsonb_array_elements(
            ${JSON.stringify(insert.map((object) => ({ object, due: dueSecondsOf(object) })))}::text::jsonb
          ) WITH ORDINALITY AS entries (entry, position)
          ORDER BY position
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
