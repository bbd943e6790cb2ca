import { createHash } from 'node:crypto';
import DataLoader from 'dataloader';
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../db/index.ts';
import {
  AccountNotFoundError,
  GrantNotFoundError,
  GrantNotVoidableError,
  IdempotencyConflictError,
  InvalidInputError,
} from '../errors.ts';
import { gathering } from '../gathering.ts';
import type { IdSource } from '../ids.ts';
import {
  type AccountId,
  type Credits,
  type Grant,
  type GrantCategory,
  type GrantId,
  grantStateAt,
  type Instant,
  idempotencyKeyOf,
  insertKey,
  type Ledger,
  maximumCredits,
  type PageRequest,
  type Refusal,
} from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { countAccountEvents, readAccountEvent, readAccountEvents } from './account-event.store.ts';
import {
  countAccounts,
  hasKeyWithScope,
  insertAccount,
  insertApiKey,
  keepOnlyKey,
  readAccountPage,
  readAccounts,
  readCallers,
} from './account.store.ts';
import type { Account, AccountEvent, Caller, Scope } from './types.ts';

export interface CreatedAccount {
  readonly account: Account;
  /** Shown this once; null on a replay. */
  readonly apiKey: string | null;
}

export interface GrantRequest {
  readonly accountId: AccountId;
  readonly credits: number;
  readonly reason: string;
  readonly category: GrantCategory;
  readonly priority: number;
  readonly effectiveAt: Instant | null;
  readonly expiresAt: Instant | null;
  readonly idempotencyKey: string;
}

export interface VoidRequest {
  readonly id: GrantId;
  readonly reason: string;
  readonly idempotencyKey: string | null;
}

/** Who calls, and what an operator does to accounts. */
export interface Accounts {
  /** Who has this key; null when nobody has. */
  authenticate(key: string): Promise<Caller | null>;
  find(id: AccountId): Promise<Account | null>;
  page(page: PageRequest<string>): Promise<Account[]>;
  count(): Promise<number>;
  /** What happened to accounts. */
  readonly events: {
    page(accountId: AccountId, page: PageRequest<string>): Promise<AccountEvent[]>;
    count(accountId: AccountId): Promise<number>;
    /** An event of this account; null for another's. */
    find(accountId: AccountId, id: string): Promise<AccountEvent | null>;
  };
  /** Makes an account with its welcome credits and its key. Throws `InvalidInputError`, `IdempotencyConflictError`. */
  create(request: { name: string; idempotencyKey: string | null }, administrator: AccountId): Promise<CreatedAccount>;
  /** Gives credits to an account. Throws `InvalidInputError`, `IdempotencyConflictError`, `AccountNotFoundError`, `BusyError`. */
  grantCredits(request: GrantRequest, administrator: AccountId): Promise<Owned<Grant>>;
  /** Takes back what is left of a grant. Throws `GrantNotFoundError`, `GrantNotVoidableError`, `IdempotencyConflictError`, `BusyError`. */
  voidGrant(request: VoidRequest, administrator: AccountId): Promise<Owned<Grant>>;
  /** Makes an account without a key, if it is not there; for the first start. */
  ensure(account: { id: AccountId; name: string; welcome: boolean }): Promise<void>;
  /** Makes a key the one of its name on an account that is there; the one that had the name before counts no more. */
  replaceKey(accountId: AccountId, key: string, name: string, scope: Scope): Promise<void>;
  /** Whether anybody has an administrator's key that counts here. */
  hasAdministrator(): Promise<boolean>;
  /** A new random key, 256 bits behind its prefix. */
  newKey(): string;
}

/** A thing of the ledger with the account that it belongs to. */
export type Owned<Thing> = Thing & { readonly accountId: AccountId };

const longestName = 200;
const longestReason = 1_000;

export function createAccounts(dependencies: {
  database: Database;
  clock: Clock;
  ids: IdSource;
  catalog: Catalog;
  ledger: Ledger;
  /** Keys that are known to everybody and do not count here, though they may be stored. */
  refusedKeys: readonly string[];
}): Accounts {
  const { database, clock, ids, catalog, ledger, refusedKeys } = dependencies;
  const { prisma } = database;
  const callers = new DataLoader<Buffer, Caller | null>((hashes) => readCallers(prisma, hashes), gathering);
  const accounts = new DataLoader<AccountId, Account | null>(
    (accountIds) => readAccounts(prisma, accountIds),
    gathering,
  );
  const find = async (id: AccountId): Promise<Account | null> => (isStorable(id) ? accounts.load(id) : null);
  const newKey = (): string => `wzrd_${ids.randomBytes(32).toString('base64url')}`;

  const insert = async (transaction: Transaction, account: Account, welcome: boolean): Promise<void> => {
    await insertAccount(transaction, account);
    const credits = catalog.snapshot().planByCode.get(account.planCode)?.welcomeCredits ?? 0;
    const grants = welcome && credits > 0 ? [welcomeGrant(ids, credits)] : [];
    await ledger.openWallet(transaction, account.id, grants, account.createdAt);
  };

  const create: Accounts['create'] = async (request, administrator) => {
    const name = checkText('name', request.name, longestName);
    const accountId = ids.next('account') as AccountId; // A new id with the prefix of accounts is one.
    const key = idempotencyKeyOf(request, {
      accountId: administrator,
      mutation: 'createAccount',
      subjectId: accountId,
    });
    const account: Account = { id: accountId, name, planCode: firstPlan, createdAt: clock.now() };
    const secret = newKey();
    const created = await prisma.$transaction(async (transaction) => {
      if (key !== undefined && !(await insertKey(transaction, key, account.createdAt))) return false;
      await insert(transaction, account, true);
      await insertApiKey(transaction, {
        accountId,
        id: ids.next('key'),
        keyHash: hashOf(secret),
        name: 'First key',
        scopes: ['account'],
        createdAt: account.createdAt,
      });
      return true;
    });
    if (created || key === undefined) return { account, apiKey: secret };

    const known = await ledger.findKey(key);
    if (known === null) throw new Error('A key that was there a moment ago is gone.');
    if (!known.requestHash.equals(key.requestHash)) throw new IdempotencyConflictError(key.key);
    const replayed = await find(known.subjectId as AccountId); // Stored by this mutation alone.
    if (replayed === null) throw new Error('A key names an account that is not there.');
    return { account: replayed, apiKey: null };
  };

  const readGrant = async (accountId: AccountId, grantId: GrantId): Promise<Owned<Grant>> => {
    const grant = await ledger.grant(accountId, grantId);
    if (grant === null) throw new Error('A key names a grant that is not there.');
    return { ...grant, accountId };
  };

  const grantCredits: Accounts['grantCredits'] = async (request, administrator) => {
    const reason = checkText('reason', request.reason, longestReason);
    const { accountId, credits, category, priority, effectiveAt, expiresAt } = request;
    if (!(credits >= 1 && credits <= maximumCredits)) {
      throw invalid('credits', `Must be from 1 to ${maximumCredits}.`);
    }
    if (!(priority >= 0 && priority <= 1_000)) throw invalid('priority', 'Must be from 0 to 1000.');
    const grantId = ids.next('grant') as GrantId; // A new id with the prefix of grants is one.
    const key = idempotencyKeyOf(request, { accountId: administrator, mutation: 'grantCredits', subjectId: grantId });
    if (!isStorable(accountId)) throw new AccountNotFoundError(accountId);
    const answer = await ledger.execute({
      accountId,
      command: {
        kind: 'grant',
        grantId,
        source: category === 'PAID' ? 'ADJUSTMENT' : 'PROMOTION',
        category,
        priority,
        amount: credits as Credits, // Checked above.
        effectiveAt,
        expiresAt,
        reason,
      },
      key,
    });
    switch (answer.kind) {
      case 'applied':
        if (answer.effect.kind === 'grant') return { ...answer.effect.grant, accountId };
        throw new Error('A grant had the effect of another command.');
      case 'replayed':
        return readGrant(accountId, answer.subjectId as GrantId); // Stored by this mutation alone.
      case 'conflict':
        throw new IdempotencyConflictError(request.idempotencyKey);
      case 'refused':
        throw grantRefusal(answer.refusal);
      case 'no-wallet':
        throw new AccountNotFoundError(accountId);
    }
  };

  const voidGrant: Accounts['voidGrant'] = async (request, administrator) => {
    const reason = checkText('reason', request.reason, longestReason);
    const { id: grantId } = request;
    // Without a client's key it has one of ours: run again after a COMMIT without an answer, it must know itself.
    const idempotencyKey = request.idempotencyKey ?? `server ${ids.randomBytes(16).toString('hex')}`;
    const keyed = { ...request, idempotencyKey };
    const key = idempotencyKeyOf(keyed, { accountId: administrator, mutation: 'voidGrant', subjectId: grantId });
    const accountId = isStorable(grantId) ? await ledger.findGrantOwner(grantId) : null;
    if (accountId === null) {
      // A key that is known was used for a grant that exists, so not for this one.
      const isKnown = request.idempotencyKey !== null && key !== undefined && (await ledger.findKey(key)) !== null;
      if (isKnown) throw new IdempotencyConflictError(idempotencyKey);
      throw new GrantNotFoundError();
    }
    const answer = await ledger.execute({
      accountId,
      command: { kind: 'void', grantId, reason },
      key,
    });
    switch (answer.kind) {
      case 'applied':
      case 'replayed':
        return readGrant(accountId, grantId);
      case 'conflict':
        throw new IdempotencyConflictError(idempotencyKey);
      case 'refused':
        if (answer.refusal.kind === 'NOT_VOIDABLE') {
          throw new GrantNotVoidableError(grantStateAt(answer.refusal.grant, clock.now()));
        }
        throw new GrantNotFoundError();
      case 'no-wallet':
        throw new GrantNotFoundError();
    }
  };

  return {
    authenticate: async (key) => (refusedKeys.includes(key) ? null : callers.load(hashOf(key))),
    find,
    page: (page) => readAccountPage(prisma, page),
    count: () => countAccounts(prisma),
    events: {
      page: (accountId, page) => readAccountEvents(prisma, accountId, page),
      count: (accountId) => countAccountEvents(prisma, accountId),
      find: async (accountId, id) => (isStorable(id) ? readAccountEvent(prisma, accountId, id) : null),
    },
    create,
    grantCredits,
    voidGrant,
    ensure: async ({ id, name, welcome }) => {
      if ((await find(id)) !== null) return;
      const account: Account = { id, name, planCode: firstPlan, createdAt: clock.now() };
      await prisma.$transaction((transaction) => insert(transaction, account, welcome));
    },
    replaceKey: async (accountId, key, name, scope) => {
      const now = clock.now();
      const keyHash = hashOf(key);
      await prisma.$transaction(async (transaction) => {
        await insertApiKey(transaction, {
          accountId,
          id: ids.next('key'),
          keyHash,
          name,
          scopes: [scope],
          createdAt: now,
        });
        await keepOnlyKey(transaction, { accountId, name, keyHash }, now);
      });
    },
    hasAdministrator: () => hasKeyWithScope(prisma, 'admin', refusedKeys.map(hashOf)),
    newKey,
  };
}

/** The plan of an account that has subscribed to none. */
const firstPlan = 'free';

/** Keys have 256 random bits, so a plain hash keeps them as well as a slow one would. */
const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const welcomeGrant = (ids: IdSource, credits: number) =>
  ({
    kind: 'grant',
    grantId: ids.next('grant') as GrantId, // A new id with the prefix of grants is one.
    source: 'WELCOME',
    category: 'PROMOTIONAL',
    priority: 30,
    amount: credits as Credits, // More than 0, and an integer by its CHECK constraint.
    effectiveAt: null,
    expiresAt: null,
    reason: 'Welcome credits',
  }) as const;

const invalid = (field: string, message: string): InvalidInputError =>
  new InvalidInputError([{ path: ['input', field], message }]);

function checkText(field: string, text: string, longest: number): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longest) throw invalid(field, `Must have 1 to ${longest} characters.`);
  if (!isStorable(trimmed)) throw invalid(field, 'Must not contain U+0000 or half a surrogate pair.');
  return trimmed;
}

function grantRefusal(refusal: Refusal): Error {
  switch (refusal.kind) {
    case 'EFFECTIVE_IN_THE_PAST':
      return invalid('effectiveAt', 'Must not be in the past.');
    case 'EXPIRES_BEFORE_EFFECTIVE':
      return invalid('expiresAt', 'Must be after effectiveAt.');
    case 'ISSUE_LIMIT':
      return invalid(
        'credits',
        `A wallet holds at most ${maximumCredits} credits over its life; it was given ${refusal.issued}.`,
      );
    default:
      return new Error(`A grant was refused for a reason that grants do not have: ${refusal.kind}.`);
  }
}
