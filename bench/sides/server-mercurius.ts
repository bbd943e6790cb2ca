import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import mercurius, { type MercuriusContext } from 'mercurius';
import pg from 'pg';

// The same contract and data behind Mercurius with its compiler, with one query by hand for each thing that is asked.
declare module 'mercurius' {
  interface MercuriusContext {
    accountId?: string | undefined;
  }
}

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });

const { rows: models } = await pool.query<object>(`
  SELECT model.id, name, name || ' (' || price.credits || ' credits)' AS label, kind::text, price.credits
  FROM model JOIN LATERAL (
    SELECT credits FROM model_price WHERE model_id = model.id ORDER BY version DESC LIMIT 1
  ) AS price ON true ORDER BY position`);

interface WalletRow {
  readonly account_id: string;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  readonly isLow: boolean;
  readonly topUp: number;
}

interface TransferRow {
  readonly sequence: number;
  readonly type: string;
  readonly amount: number;
  readonly availableAfter: number;
  readonly createdAt: Date;
}

const resolvers = {
  Query: {
    models: () => models,
    wallet: async (_root: unknown, _args: unknown, { accountId }: MercuriusContext) => {
      const { rows } = await pool.query<WalletRow>({
        name: 'wallet',
        text: `SELECT account_id, available, held, debt, available < 25 AS "isLow",
            (SELECT coalesce(sum(remaining), 0)::integer FROM credit_grant
              WHERE credit_grant.account_id = wallet.account_id
                AND source IN ('WELCOME', 'PACK', 'PROMOTION', 'ADJUSTMENT')) AS "topUp"
          FROM wallet WHERE account_id = $1`,
        values: [accountId],
      });
      return rows[0];
    },
  },
  Wallet: {
    transactions: async ({ account_id }: WalletRow, { first }: { first: number }) => {
      const { rows } = await pool.query<TransferRow>({
        name: 'transactions',
        text: `SELECT sequence, type::text, amount *
            CASE WHEN to_account = 'AVAILABLE' THEN 1 WHEN from_account = 'AVAILABLE' THEN -1 ELSE 0 END AS amount,
            available_after AS "availableAfter", occurred_at AS "createdAt"
          FROM transfer WHERE account_id = $1 ORDER BY sequence DESC LIMIT $2`,
        values: [account_id, first],
      });
      const nodes = rows.map(({ sequence, createdAt, ...row }) => ({
        ...row,
        id: `${account_id.replace(/^account_/, 'transaction_')}_${sequence}`,
        createdAt: createdAt.toISOString(),
      }));
      return { nodes };
    },
  },
};

const app = fastify();
await app.register(mercurius, {
  schema: await readFile('schema.graphql', 'utf8'),
  resolvers,
  jit: 1,
  context: async (request) => {
    const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (key === undefined) return {};
    const { rows } = await pool.query<{ account_id: string }>({
      name: 'caller',
      text: 'SELECT account_id FROM api_key WHERE key_hash = $1 AND revoked_at IS NULL',
      values: [createHash('sha256').update(key).digest()],
    });
    return { accountId: rows[0]?.account_id };
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as AddressInfo; // A TCP server has a port once it listens.
process.stdout.write(`ready at http://localhost:${port}/graphql, Press Ctrl-C to stop it\n`);
process.once('SIGTERM', () => process.exit());
