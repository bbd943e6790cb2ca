/** How much other business lies in the tables around what is measured. */
export interface FillerSize {
  readonly wallets: number;
  /** In all; what does not come out even is left away. */
  readonly transfers: number;
}

const grantsPerWallet = 2;
const grantCredits = 1_000;
const holdCredits = 3;
/** Every hold is captured, as nearly all are: a transfer each. */
const transfersPerHold = 2;

const holdsPerWallet = ({ wallets, transfers }: FillerSize): number =>
  Math.floor((transfers / wallets - grantsPerWallet) / transfersPerHold);

/** How many rows the filler has. Throws a RangeError for a size in which a wallet has not one hold, or too many. */
export function rowsOf(size: FillerSize): Record<string, number> {
  const holds = holdsPerWallet(size);
  const most = Math.floor(grantCredits / holdCredits);
  if (holds < 1 || holds > most) {
    const [from, to] = [1, most].map((count) => grantsPerWallet + transfersPerHold * count);
    throw new RangeError(`There must be ${from} to ${to} transfers for each wallet.`);
  }
  return {
    wallet: size.wallets,
    credit_grant: size.wallets * grantsPerWallet,
    credit_hold: size.wallets * holds,
    transfer: size.wallets * (grantsPerWallet + transfersPerHold * holds),
    generation: size.wallets * holds,
    idempotency_key: size.wallets * holds,
  };
}

// Ids have the length and the spread of real ones, so that the indexes have their size and their shape.
const account = `'account_' || substr(md5('account' || wallet), 1, 26)`;
const grant = (number: string): string => `'grant_' || substr(md5('grant' || wallet || '-' || ${number}), 1, 26)`;
const generation = `'gen_' || substr(md5('gen' || wallet || '-' || hold), 1, 26)`;
/** Of a hold or its capture: business of the past 100 days, a wallet's own in order. */
const heldAt = `date_trunc('milliseconds', now()) - interval '100 days' + hold * interval '1 hour'`;
const grantedAt = `date_trunc('milliseconds', now()) - interval '101 days'`;
/** As long as a hash; nobody verifies these wallets. */
const hash = `sha256(convert_to(wallet::text, 'UTF8'))`;

/** SQL that fills the tables, in this order, with wallets that have spent a little; every constraint lets it through. */
export function fillSql(size: FillerSize): { table: string; sql: string }[] {
  const rows = rowsOf(size);
  const holds = holdsPerWallet(size);
  const spent = holds * holdCredits;
  const issued = grantsPerWallet * grantCredits;
  const wallets = `generate_series(1, ${size.wallets}) AS wallet`;
  const holdsOfWallets = `${wallets} CROSS JOIN generate_series(1, ${holds}) AS hold`;
  const grantsOfWallets = `${wallets} CROSS JOIN generate_series(1, ${grantsPerWallet}) AS number`;
  const columns = `account_id, sequence, type, from_account, to_account, amount, available_after, grant_ids,
    grant_amounts, hold_id, occurred_at, recorded_at, hash`;
  const statements: Record<string, string> = {
    account: `INSERT INTO account (id, name, created_at) SELECT ${account}, 'Filler', ${grantedAt} FROM ${wallets}`,
    wallet: `
      INSERT INTO wallet (account_id, available, held, pending, debt, issued, sequence, head_hash, last_instant,
        created_at, updated_at)
      SELECT ${account}, ${issued - spent}, 0, 0, 0, ${issued}, ${(rows['transfer'] ?? 0) / size.wallets}, ${hash},
        now() - interval '1 day', ${grantedAt}, now() - interval '1 day'
      FROM ${wallets}`,
    credit_grant: `
      INSERT INTO credit_grant (account_id, id, source, category, priority, amount, pending, remaining, held, consumed,
        expired, revoked, effective_at, created_at)
      SELECT ${account}, ${grant('number')}, 'PACK', 'PAID', 0, ${grantCredits}, 0,
        CASE number WHEN 1 THEN ${grantCredits - spent} ELSE ${grantCredits} END, 0,
        CASE number WHEN 1 THEN ${spent} ELSE 0 END, 0, 0, ${grantedAt}, ${grantedAt}
      FROM ${grantsOfWallets}`,
    credit_hold: `
      INSERT INTO credit_hold
      SELECT ${account}, ${generation}, 'CAPTURED', ${holdCredits}, ${holdCredits}, 0, ARRAY[${grant('1')}],
        ARRAY[${holdCredits}], ARRAY[${holdCredits}], ARRAY[0], ${heldAt} + interval '15 minutes', ${heldAt},
        ${heldAt} + interval '2 seconds'
      FROM ${holdsOfWallets}`,
    transfer: `
      INSERT INTO transfer (${columns})
      SELECT ${account}, number, 'GRANT'::transaction_type, 'ISSUED'::ledger_account, 'AVAILABLE'::ledger_account,
        ${grantCredits}, number * ${grantCredits}, ARRAY[${grant('number')}], ARRAY[${grantCredits}], NULL,
        ${grantedAt}, ${grantedAt}, ${hash}
      FROM ${grantsOfWallets}
      UNION ALL
      SELECT ${account}, ${grantsPerWallet} + (hold - 1) * ${transfersPerHold} + step,
        CASE step WHEN 1 THEN 'HOLD' ELSE 'CAPTURE' END::transaction_type,
        CASE step WHEN 1 THEN 'AVAILABLE' ELSE 'HELD' END::ledger_account,
        CASE step WHEN 1 THEN 'HELD' ELSE 'CONSUMED' END::ledger_account,
        ${holdCredits}, ${issued} - hold * ${holdCredits}, ARRAY[${grant('1')}], ARRAY[${holdCredits}], ${generation},
        ${heldAt} + (step - 1) * interval '2 seconds', ${heldAt} + (step - 1) * interval '2 seconds', ${hash}
      FROM ${holdsOfWallets} CROSS JOIN generate_series(1, ${transfersPerHold}) AS step`,
    generation: `
      INSERT INTO generation (account_id, id, operation, status, model_id, price_version, prompt, params, shots, credits,
        credits_charged, credits_refunded, created_at, started_at, completed_at)
      SELECT ${account}, ${generation}, 'GENERATE', 'SUCCEEDED', 'fal-ai/flux/schnell', 1, 'A lighthouse in the rain',
        '{}', '[]', ${holdCredits}, ${holdCredits}, 0, ${heldAt}, ${heldAt}, ${heldAt} + interval '2 seconds'
      FROM ${holdsOfWallets}`,
    idempotency_key: `
      INSERT INTO idempotency_key
      SELECT ${account}, 'generate', gen_random_uuid()::text, ${hash}, ${generation}, ${heldAt}
      FROM ${holdsOfWallets}`,
  };
  return Object.entries(statements).map(([table, sql]) => ({ table, sql }));
}
