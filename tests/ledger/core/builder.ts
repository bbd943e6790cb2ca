import { apply, project } from '../../../src/ledger/core/apply.ts';
import type {
  AccountId,
  Command,
  Credits,
  Effect,
  Grant,
  GrantCategory,
  GrantId,
  GrantSource,
  Hold,
  HoldId,
  Instant,
  Refusal,
  Transfer,
  WalletState,
} from '../../../src/ledger/core/types.ts';

// Brands exist at compile time only; a test names its own ids, instants and amounts, wrong amounts included.
const accountId = (name: string): AccountId => name as AccountId;
const grantId = (name: string): GrantId => name as GrantId;
const holdId = (name: string): HoldId => name as HoldId;
const credits = (amount: number): Credits => amount as Credits;
export const instant = (milliseconds: number): Instant => milliseconds as Instant;

export const emptyWallet: WalletState = {
  accountId: accountId('account'),
  available: 0,
  held: 0,
  pending: 0,
  debt: 0,
  issued: 0,
  sequence: 0,
  lastInstant: instant(0),
  grants: new Map(),
  holds: new Map(),
  clawbacks: new Map(),
};

export interface GrantOptions {
  readonly source?: GrantSource;
  readonly category?: GrantCategory;
  readonly priority?: number;
  readonly effectiveAt?: number;
  readonly expiresAt?: number;
}

export const grantOf = (id: string, amount: number, options: GrantOptions = {}): Command => ({
  kind: 'grant',
  grantId: grantId(id),
  source: options.source ?? 'PACK',
  category: options.category ?? 'PAID',
  priority: options.priority ?? 30,
  amount: credits(amount),
  effectiveAt: options.effectiveAt === undefined ? null : instant(options.effectiveAt),
  expiresAt: options.expiresAt === undefined ? null : instant(options.expiresAt),
  reason: null,
});

export interface RenewOptions {
  readonly expiresAt?: number;
  readonly ends?: readonly string[];
  readonly rollover?: {
    readonly id: string;
    readonly from: readonly string[];
    readonly cap: number;
    readonly expiresAt?: number;
  };
}

/** Plan credits that begin at once and end others; what rolls over burns after them. */
export const renewOf = (
  id: string,
  amount: number,
  { expiresAt, ends = [], rollover }: RenewOptions = {},
): Command => ({
  kind: 'renew',
  grantId: grantId(id),
  source: 'PLAN',
  category: 'PAID',
  priority: 10,
  amount: credits(amount),
  expiresAt: expiresAt === undefined ? null : instant(expiresAt),
  reason: 'a new period',
  endsGrantIds: ends.map(grantId),
  rollover:
    rollover === undefined
      ? null
      : {
          grantId: grantId(rollover.id),
          category: 'PAID',
          priority: 20,
          expiresAt: rollover.expiresAt === undefined ? null : instant(rollover.expiresAt),
          reason: 'rolled over',
          fromGrantIds: rollover.from.map(grantId),
          cap: rollover.cap,
        },
});

export const rescheduleOf = (ids: readonly string[], expiresAt: number): Command => ({
  kind: 'reschedule',
  grantIds: ids.map(grantId),
  expiresAt: instant(expiresAt),
  reason: 'a cancellation',
});

export const holdOf = (id: string, amount: number, lifetimeMs = 1_000): Command => ({
  kind: 'hold',
  holdId: holdId(id),
  amount: credits(amount),
  lifetimeMs,
});

export const extendOf = (id: string, lifetimeMs: number): Command => ({
  kind: 'extend',
  holdId: holdId(id),
  lifetimeMs,
});

export const captureOf = (id: string, amount: number | null = null): Command => ({
  kind: 'capture',
  holdId: holdId(id),
  amount: amount === null ? null : credits(amount),
});

export const releaseOf = (id: string): Command => ({ kind: 'release', holdId: holdId(id) });

export const refundOf = (id: string, amount: number | null = null): Command => ({
  kind: 'refund',
  holdId: holdId(id),
  amount: amount === null ? null : credits(amount),
  reason: 'a refund',
});

export const voidOf = (id: string): Command => ({ kind: 'void', grantId: grantId(id), reason: 'a mistake' });

/** From now on `total` credits of the grant are taken back. */
export const clawbackOf = (id: string, total: number): Command => ({
  kind: 'clawback',
  grantId: grantId(id),
  total,
  reason: 'a dispute',
});

export const expire: Command = { kind: 'expire' };

const partNames = ['pending', 'remaining', 'held', 'consumed', 'expired', 'revoked'] as const;
type Parts = Partial<Record<(typeof partNames)[number], number>>;

/** One wallet and a clock that a story moves by hand. */
export class StoryWallet {
  readonly journal: Transfer[] = [];
  state: WalletState = emptyWallet;
  #now = instant(0);

  at(milliseconds: number): this {
    this.#now = instant(milliseconds);
    return this;
  }

  /** Applies commands that must take effect; answers the effect of the last one. */
  does(...commands: readonly [Command, ...Command[]]): Effect {
    let effect: Effect = { kind: 'expire' };
    for (const command of commands) {
      const applied = apply(this.state, command, this.#now);
      if (!applied.ok) throw new Error(`${command.kind} was refused: ${JSON.stringify(applied.refusal)}`);
      if (applied.repeated) throw new Error(`${command.kind} was taken for a repetition`);
      this.state = applied.state;
      this.journal.push(...applied.transfers);
      effect = applied.effect;
    }
    return effect;
  }

  /** Applies a command whose id was used before: it must take effect without moving anything. */
  repeats(command: Command): Effect {
    const applied = apply(this.state, command, this.#now);
    if (!applied.ok || !applied.repeated) throw new Error(`${command.kind} was not taken for a repetition`);
    this.state = applied.state;
    this.journal.push(...applied.transfers);
    return applied.effect;
  }

  /** Applies a command that must be refused. */
  refuses(command: Command): Refusal {
    const applied = apply(this.state, command, this.#now);
    if (applied.ok) throw new Error(`${command.kind} took effect`);
    return applied.refusal;
  }

  /** The totals as a reader sees them now. */
  balance(): { available: number; held: number; pending: number } {
    const { available, held, pending } = project(this.state, this.#now).state;
    return { available, held, pending };
  }

  /** What the wallet owes now. */
  debt(): number {
    return project(this.state, this.#now).state.debt;
  }

  /** A grant as a reader sees it now. */
  grant(id: string): Grant {
    const grant = project(this.state, this.#now).state.grants.get(grantId(id));
    if (grant === undefined) throw new Error(`no grant ${id}`);
    return grant;
  }

  /** Where the credits of a grant are now; parts of 0 are left out. */
  parts(id: string): Parts {
    const grant = this.grant(id);
    return Object.fromEntries(partNames.filter((name) => grant[name] > 0).map((name) => [name, grant[name]]));
  }

  /** A hold as a reader sees it now. */
  hold(id: string): Hold {
    const hold = project(this.state, this.#now).state.holds.get(holdId(id));
    if (hold === undefined) throw new Error(`no hold ${id}`);
    return hold;
  }

  /** The journal from its `from`-th transfer on (0 is the first), a line each: instant, type, accounts, fundings, available. */
  lines(from = 0): string[] {
    return this.journal.slice(from).map((transfer) => {
      const fundings = transfer.fundings.map((funding) => `${funding.grantId} ${funding.amount}`).join(', ');
      return `${transfer.occurredAt} ${transfer.type} ${transfer.from}>${transfer.to} ${fundings} = ${transfer.availableAfter}`;
    });
  }
}

/** What is not a positive whole number of credits, whoever sends it. */
export const impossibleAmounts: readonly number[] = [
  0,
  -0,
  -1,
  0.5,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2_000_000_001,
  Number.MAX_SAFE_INTEGER + 1,
  '3' as unknown as number, // What an untyped caller may send.
];
