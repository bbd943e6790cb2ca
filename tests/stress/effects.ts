import type { Database } from '../../src/db/database.ts';
import { type Book, idsOf, type Intent, type KeyedMutation } from './book.ts';

/** What stands in the database as the effect of an intent. */
interface Effect {
  readonly mutation: KeyedMutation;
  readonly name: string | null;
  readonly accountId: string;
  readonly id: string;
  /** The part of the input by which two inputs under one key differ. */
  readonly variant: string;
}

interface Key {
  readonly mutation: string;
  readonly name: string;
  readonly subjectId: string;
}

/** Faults by what they are about. */
export interface EffectFaults {
  /** An effect that took place more than once, or answers that do not agree on it. */
  readonly repeated: string[];
  /** What was acknowledged and is not there. */
  readonly missing: string[];
  /** What is there, though nobody was told and nothing explains it. */
  readonly unexplained: string[];
}

/** Compares every intent with what stands in the database, in both directions. */
export async function findEffectFaults(
  { prisma }: Pick<Database, 'prisma'>,
  book: Book,
  mayBeKilled: boolean,
): Promise<EffectFaults & { readonly effects: number }> {
  const effects = await prisma.$queryRaw<Effect[]>`
    SELECT 'generate' AS mutation, metadata ->> 'request' AS name, account_id AS "accountId", id, prompt AS variant
    FROM generation
    UNION ALL
    SELECT 'grantCredits', reason, account_id, id, amount::text FROM credit_grant WHERE source <> 'WELCOME'
    UNION ALL
    SELECT CASE type WHEN 'VOID' THEN 'voidGrant' ELSE 'refundGeneration' END, reason, account_id,
      coalesce(hold_id, grant_ids[1]), ''
    FROM transfer WHERE type IN ('VOID', 'REFUND')`;
  const keys = await prisma.$queryRaw<Key[]>`
    SELECT mutation, key AS name, subject_id AS "subjectId" FROM idempotency_key`;
  const faults: EffectFaults = { repeated: [], missing: [], unexplained: [] };
  const effectsByName = byName(effects);
  const keysByName = byName(keys);
  for (const intent of book.intents) {
    compare(faults, intent, effectsByName.get(nameOf(intent)) ?? [], keysByName.get(nameOf(intent)) ?? [], mayBeKilled);
  }
  const known = new Set(book.intents.map(nameOf));
  for (const name of [...effectsByName.keys(), ...keysByName.keys()]) {
    if (!known.has(name)) faults.unexplained.push(`${name}: nobody asked for it`);
  }
  return { ...faults, effects: effects.length };
}

const nameOf = ({ mutation, name }: { mutation: string; name: string | null }): string => `${mutation} ${name}`;

function byName<Row extends { mutation: string; name: string | null }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(nameOf(row));
    if (group === undefined) groups.set(nameOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

function compare(
  { repeated, missing, unexplained }: EffectFaults,
  intent: Intent,
  effects: readonly Effect[],
  keys: readonly Key[],
  mayBeKilled: boolean,
): void {
  const name = nameOf(intent);
  const [effect] = effects;
  const ids = idsOf(intent);
  if (effects.length > 1) repeated.push(`${name}: it took effect ${effects.length} times`);
  if (ids.length > 1) repeated.push(`${name}: its answers were ${ids.join(' and ')}`);
  const fresh = intent.answers.filter(({ answer }) => answer.replayed === false);
  if (fresh.length > 1 || (!mayBeKilled && ids[0]?.startsWith('gen_') === true && fresh.length === 0)) {
    repeated.push(`${name}: ${fresh.length} of its answers were the first`);
  }
  for (const { variant, answer } of intent.answers) {
    const isConflict = answer.__typename === 'IdempotencyConflictError';
    const isAccepted = !answer.__typename.endsWith('Error');
    if ((isAccepted && effect?.variant !== variant) || (isConflict && (effect?.variant ?? variant) === variant)) {
      repeated.push(`${name}: ${answer.__typename} for "${variant}", and "${effect?.variant}" took effect`);
    }
  }

  const isThere = effect !== undefined && effect.id === ids[0] && effect.accountId === intent.accountId;
  if (ids.length > 0 && !isThere) missing.push(`${name}: ${ids[0]} was acknowledged, ${effect?.id} is there`);
  const wantedKeys = intent.keyed && effect !== undefined ? [effect.id] : [];
  if (wantedKeys.join() !== keys.map(({ subjectId }) => subjectId).join()) {
    missing.push(`${name}: its key names ${keys.map(({ subjectId }) => subjectId).join()} beside ${effect?.id}`);
  }
  if (effects.length > 0 && ids.length === 0 && intent.lost === 0) {
    unexplained.push(`${name}: ${effect?.id} is there and was not acknowledged`);
  }
}
