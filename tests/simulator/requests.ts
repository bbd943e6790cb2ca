import type { GrantRequest } from '../../src/accounts/accounts.ts';
import { ExpectedError, IdempotencyConflictError } from '../../src/errors.ts';
import type { GenerationId } from '../../src/generation/index.ts';
import type { AccountId, Command, Credits, GrantId, Instant } from '../../src/ledger/index.ts';
import { must, mustEqual } from './invariant.ts';
import type { Rows } from './rows.ts';
import { administratorId, type Service } from './service.ts';

/** What a client wants; sent as often as it takes to learn what came of it, always with the same key. */
export type Wish =
  | { readonly kind: 'generate'; readonly accountId: AccountId; readonly modelId: string }
  | ({ readonly kind: 'grant' } & Pick<
      GrantRequest,
      'accountId' | 'credits' | 'category' | 'priority' | 'effectiveAt' | 'expiresAt'
    >)
  | { readonly kind: 'void'; readonly grantId: GrantId }
  | { readonly kind: 'clawback'; readonly accountId: AccountId; readonly grantId: GrantId; readonly total: number }
  /** The grants that it makes are named after the request. */
  | {
      readonly kind: 'renew';
      readonly accountId: AccountId;
      readonly credits: number;
      readonly expiresAt: Instant | null;
      readonly ends: readonly GrantId[];
      readonly rollover: { readonly from: readonly GrantId[]; readonly cap: number } | null;
    }
  | {
      readonly kind: 'reschedule';
      readonly accountId: AccountId;
      readonly grantIds: readonly GrantId[];
      readonly expiresAt: Instant;
    }
  | { readonly kind: 'refund'; readonly generationId: GenerationId; readonly credits: number | null };

/** What only the ledger itself knows how to do: it has no keys there. */
type LedgerWish = Extract<Wish, { readonly kind: 'clawback' | 'renew' | 'reschedule' }>;
type KeyedWish = Exclude<Wish, LedgerWish>;

/** Whether a wish goes to the ledger itself; it may be sent again at will, for what is done already does nothing. */
export const goesToLedger = (wish: Wish): wish is LedgerWish =>
  wish.kind === 'clawback' || wish.kind === 'renew' || wish.kind === 'reschedule';

/** The command that a wish for the ledger comes to. */
export function commandOf(wish: LedgerWish, name: string): Command {
  switch (wish.kind) {
    case 'clawback':
      return { kind: 'clawback', grantId: wish.grantId, total: wish.total, reason: name };
    case 'reschedule':
      return { kind: 'reschedule', grantIds: wish.grantIds, expiresAt: wish.expiresAt, reason: name };
    case 'renew': {
      const { expiresAt, rollover } = wish;
      const common = { category: 'PAID', expiresAt } as const;
      return {
        ...common,
        kind: 'renew',
        grantId: `grant of ${name}` as GrantId, // Unique, as the name is.
        source: 'PLAN',
        priority: 10,
        amount: wish.credits as Credits, // The wish is a whole number of them.
        reason: name,
        endsGrantIds: wish.ends,
        rollover: rollover && {
          ...common,
          grantId: `rollover of ${name}` as GrantId, // As above.
          priority: 20,
          reason: null,
          fromGrantIds: rollover.from,
          cap: rollover.cap,
        },
      };
    }
  }
}

export interface Request {
  /** Unique; it stands in what the request leaves behind: the prompt or the reason. */
  readonly name: string;
  readonly key: string | null;
  readonly wish: Wish;
  attempts: number;
  /** How many of them nobody knows the end of. */
  unknown: number;
  /** Ids of what accepted attempts gave. */
  readonly accepted: string[];
  refused: number;
}

/** All requests under one key, whatever their inputs; at most one of them has an effect. */
interface KeyGroup {
  readonly owner: AccountId;
  readonly mutation: string;
  readonly key: string;
  readonly requests: Request[];
  /** What the first accepted attempt gave. */
  subject: { readonly id: string; readonly request: Request } | null;
  /** Answers that did not say that they were replayed. */
  fresh: number;
  conflicts: Request[];
}

/** `at` and whether there was nothing to do are known of what goes to the ledger itself. */
type Outcome = {
  readonly id: string;
  readonly replayed: boolean | null;
  readonly at?: number;
  readonly repeated?: boolean;
};

/** A clawback that was acknowledged: at this instant its grant had this total. */
export interface AcknowledgedClawback {
  readonly name: string;
  readonly grantId: GrantId;
  readonly total: number;
  readonly at: number;
}

/** A reschedule that was acknowledged as one that changed something: at this instant it did. */
export interface AcknowledgedReschedule {
  readonly name: string;
  readonly at: number;
}

const names = {
  oneEffect: 'G01 a key has one effect',
  conflict: 'G01 another request under the same key is refused',
  same: 'G02 everybody who sent the same gets the same',
  kept: 'G14 each acknowledged effect is in the journal',
  nothing: 'G11 a refused command has no effect',
  answers: 'A command is answered unless its connection broke',
} as const;

const mutations = {
  generate: 'generate',
  grant: 'grantCredits',
  void: 'voidGrant',
  refund: 'refundGeneration',
} as const satisfies Record<KeyedWish['kind'], string>;

/** What clients sent, and what they were told. */
export class Requests {
  readonly all: Request[] = [];
  readonly clawbacks: AcknowledgedClawback[] = [];
  readonly reschedules: AcknowledgedReschedule[] = [];
  readonly #groups = new Map<string, KeyGroup>();
  readonly #tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(wish: Wish, key: string | null): Request {
    const request: Request = {
      name: `request ${this.all.length + 1}`,
      key,
      wish,
      attempts: 0,
      unknown: 0,
      accepted: [],
      refused: 0,
    };
    this.all.push(request);
    return request;
  }

  /** Those that may be sent again. */
  get repeatable(): readonly Request[] {
    return this.all.filter(({ key, wish }) => key !== null || goesToLedger(wish));
  }

  find(name: string | null): Request | undefined {
    return this.all.find((request) => request.name === name);
  }

  /** Sends a request to a process once; `isUncertain` says whether a connection broke meanwhile. */
  async attempt(request: Request, service: Service, process: string, isUncertain: () => boolean): Promise<void> {
    const group = this.#groupOf(request);
    const knownBefore = group?.subject ?? null;
    request.attempts += 1;
    const told = (what: string): void => this.#tell(`${process}: ${describe(request)}: ${what}`);
    let outcome: Outcome;
    try {
      outcome = await send(request, service);
    } catch (error) {
      if (error instanceof IdempotencyConflictError) {
        told('conflict');
        must(group !== null, names.conflict, () => `${request.name} has no key and conflicts`);
        if (knownBefore !== null) {
          must(knownBefore.request !== request, names.same, () => `${request.name} conflicts with itself`);
        }
        group.conflicts.push(request);
        return;
      }
      if (error instanceof ExpectedError) {
        told(`refused, ${error.code}`);
        must(
          knownBefore === null,
          names.oneEffect,
          () => `${request.name} was refused after its key had had its effect`,
        );
        request.refused += 1;
        return;
      }
      must(isUncertain(), names.answers, () => `${request.name} failed: ${String(error)}`);
      told('no answer');
      request.unknown += 1;
      return;
    }
    told(`accepted, ${outcome.id}${outcome.replayed === true ? ', replayed' : ''}`);
    request.accepted.push(outcome.id);
    if (request.wish.kind === 'clawback') {
      const { grantId, total } = request.wish;
      this.clawbacks.push({ name: request.name, grantId, total, at: outcome.at ?? 0 });
    }
    if (request.wish.kind === 'reschedule' && outcome.repeated === false) {
      this.reschedules.push({ name: request.name, at: outcome.at ?? 0 });
    }
    if (group === null) return;
    if (group.subject === null) group.subject = { id: outcome.id, request };
    must(
      group.subject.request === request,
      names.conflict,
      () => `${request.name} was answered as ${group.subject?.request.name}`,
    );
    mustEqual(outcome.id, group.subject.id, names.same, `the answer to ${request.name}`);
    if (outcome.replayed === null) return;
    if (knownBefore !== null) must(outcome.replayed, names.oneEffect, () => `${request.name} took effect again`);
    if (!outcome.replayed) group.fresh += 1;
    must(group.fresh <= 1, names.oneEffect, () => `${request.name} was new ${group.fresh} times`);
  }

  /** Checks everything that was said against what stands in the tables; `effects` counts them by name of request. */
  check(rows: Rows, effects: ReadonlyMap<string, readonly string[]>): void {
    for (const request of this.all) this.#checkRequest(request, effects.get(request.name) ?? []);
    const stored = new Map(rows.keys.map((row) => [`${row.account_id} ${row.mutation} ${row.key}`, row.subject_id]));
    for (const group of this.#groups.values()) {
      const name = `${group.owner} ${group.mutation} ${group.key}`;
      const winners = group.requests.filter((request) => (effects.get(request.name) ?? []).length > 0);
      must(winners.length <= 1, names.oneEffect, () => `${name} had ${winners.map((winner) => winner.name).join()}`);
      const [winner] = winners;
      must(
        stored.has(name) === (winner !== undefined),
        names.oneEffect,
        () => `${name} ${stored.has(name) ? 'is stored without an effect' : 'had an effect and is not stored'}`,
      );
      if (group.subject !== null) mustEqual(stored.get(name), group.subject.id, names.oneEffect, `what ${name} names`);
      for (const conflict of group.conflicts) {
        must(
          winner !== undefined && winner !== conflict,
          names.conflict,
          () => `${conflict.name} was refused for ${winner?.name ?? 'nothing'}`,
        );
      }
    }
    const known = new Set([...this.#groups.values()].map(({ owner, mutation, key }) => `${owner} ${mutation} ${key}`));
    const ours = [...stored.keys()].filter((name) => !known.has(name));
    // The server has keys of its own for voids that come without one.
    const unkeyed = this.all.filter(({ key, wish }) => key === null && wish.kind === 'void');
    const wanted = unkeyed.reduce((sum, { name }) => sum + (effects.get(name) ?? []).length, 0);
    mustEqual(ours.length, wanted, names.oneEffect, `the number of keys that nobody sent, ${ours.join()},`);
  }

  #checkRequest(request: Request, effects: readonly string[]): void {
    const { name, accepted, key, wish } = request;
    // A clawback may do nothing, or take effect anew after another: see `checkAcknowledged`. So may one whose batch is
    // run again after a COMMIT without an answer, when the batch set the total of its grant twice. A reschedule likewise.
    const isTotal = wish.kind === 'clawback' || wish.kind === 'reschedule';
    const needsEffect = isTotal ? [] : accepted;
    for (const id of needsEffect) must(effects.includes(id), names.kept, () => `${name} was acknowledged with ${id}`);
    const accomplished = new Set(accepted).size + request.unknown;
    const most = key !== null ? 1 : isTotal && accomplished > 0 ? Infinity : accomplished;
    must(
      effects.length <= most,
      request.refused > 0 && accepted.length === 0 && request.unknown === 0 ? names.nothing : names.oneEffect,
      () => `${name} had ${effects.length} effects: ${effects.join()}`,
    );
    if (request.refused > 0 && accepted.length + request.unknown === 0 && request.refused === request.attempts) {
      must(effects.length === 0, names.nothing, () => `${name} was refused and had an effect`);
    }
  }

  #groupOf(request: Request): KeyGroup | null {
    const { key, wish } = request;
    if (key === null || goesToLedger(wish)) return null;
    const owner = wish.kind === 'generate' ? wish.accountId : administratorId;
    const mutation = mutations[wish.kind];
    const name = `${owner} ${mutation} ${key}`;
    const group = this.#groups.get(name) ?? {
      owner,
      mutation,
      key,
      requests: [],
      subject: null,
      fresh: 0,
      conflicts: [],
    };
    this.#groups.set(name, group);
    if (!group.requests.includes(request)) group.requests.push(request);
    return group;
  }
}

/** The ledger's own answer; nobody has given it a place in the contract. */
class LedgerRefused extends ExpectedError {
  override readonly name = 'LedgerRefused';
  readonly code = 'INVALID_INPUT';
}

const describe = ({ name, key, wish }: Request): string => `${name} ${JSON.stringify(wish)} key ${key ?? 'none'}`;

async function send({ name, key, wish }: Request, { accounts, generations, ledger }: Service): Promise<Outcome> {
  switch (wish.kind) {
    case 'generate': {
      const { id, replayed } = await generations.generate(
        {
          operation: 'GENERATE',
          modelId: wish.modelId,
          kind: null,
          prompt: name,
          params: null,
          assets: null,
          quoteId: null,
          metadata: null,
          idempotencyKey: key,
        },
        { accountId: wish.accountId, apiKeyId: 'key_simulated' },
      );
      return { id, replayed };
    }
    case 'grant': {
      const { kind: _kind, ...given } = wish;
      const grant = await accounts.grantCredits(
        { ...given, reason: name, idempotencyKey: key ?? name },
        administratorId,
      );
      return { id: grant.id, replayed: null };
    }
    case 'void': {
      const grant = await accounts.voidGrant({ id: wish.grantId, reason: name, idempotencyKey: key }, administratorId);
      return { id: grant.id, replayed: null };
    }
    case 'clawback':
    case 'renew':
    case 'reschedule': {
      const command = commandOf(wish, name);
      const answer = await ledger.execute({ accountId: wish.accountId, command });
      if (answer.kind !== 'applied') throw new LedgerRefused(JSON.stringify(answer));
      const { at, repeated } = answer;
      return { id: 'grantId' in command ? command.grantId : name, replayed: null, at, repeated };
    }
    case 'refund': {
      const { id, replayed } = await generations.refund(
        { id: wish.generationId, credits: wish.credits, reason: name, idempotencyKey: key ?? name },
        administratorId,
      );
      return { id, replayed };
    }
  }
}
