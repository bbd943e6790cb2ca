import type { GenerationId } from '../../src/generation/index.ts';
import type { AccountId, GrantId, Instant } from '../../src/ledger/index.ts';
import type { Chance } from './chance.ts';
import type { Request, Wish } from './requests.ts';
import type { Rows } from './rows.ts';

/** Text models and image models of the catalog, from 2 to 50 credits a call. */
const models = [
  'gmi/glm-5.1',
  'gmi/openai-o4-mini',
  'fal-ai/flux/schnell',
  'fal-ai/flux/dev',
  'fal-ai/flux-pro/v1.1-ultra',
  'fal-ai/sora-2/text-to-video/pro',
] as const;
export const dearestModel = 'fal-ai/sora-2/text-to-video/pro';

/** Makes up what clients and administrators want next. */
export class Wishes {
  readonly #chance: Chance;
  readonly #accounts: readonly AccountId[];
  readonly #now: () => number;

  constructor(chance: Chance, accounts: readonly AccountId[], now: () => number) {
    this.#chance = chance;
    this.#accounts = accounts;
    this.#now = now;
  }

  next(rows: Rows): Wish {
    const luck = this.#chance.below(100);
    if (luck < 45) return this.generate();
    if (luck < 62) return this.#grant();
    if (luck < 69) return this.#renew(rows);
    if (luck < 74) return this.#reschedule(rows) ?? this.generate();
    if (luck < 77) return this.#void(rows) ?? this.generate();
    return (luck < 87 ? this.#refund(rows) : this.clawback(rows)) ?? this.generate();
  }

  /** Another wish of the same kind, by the same owner of keys; null when there is none. */
  another({ wish }: Request, rows: Rows): Wish | null {
    switch (wish.kind) {
      case 'generate':
        return { ...wish, modelId: this.#chance.pick(models) };
      case 'grant':
        return this.#grant();
      case 'void':
        return this.#void(rows);
      case 'refund':
        return this.#refund(rows);
      case 'clawback':
      case 'renew':
      case 'reschedule':
        return null; // They have no keys.
    }
  }

  generate(): Wish {
    return { kind: 'generate', accountId: this.#chance.pick(this.#accounts), modelId: this.#chance.pick(models) };
  }

  #grant(): Wish {
    const chance = this.#chance;
    const effectiveAt = chance.oneIn(2) ? null : this.#soon(-1_000, 8_000);
    return {
      kind: 'grant',
      accountId: chance.pick(this.#accounts),
      credits: chance.between(1, 12),
      category: chance.pick(['PAID', 'PROMOTIONAL']),
      priority: chance.pick([0, 10, 20, 30, 30, 30, 1_000]),
      effectiveAt,
      expiresAt: chance.oneIn(5) ? null : this.#soon(0, chance.pick([5_000, 20_000, 1_200_000])),
    };
  }

  #void(rows: Rows): Wish | null {
    if (rows.grants.length === 0) return null;
    const { id } = this.#chance.pick(rows.grants.slice(-8));
    return { kind: 'void', grantId: id as GrantId }; // An id of the table's own.
  }

  /** The credits of a next period; what it ends may be spent, held, over or not begun. */
  #renew(rows: Rows): Wish {
    const chance = this.#chance;
    const accountId = chance.pick(this.#accounts);
    const ends = this.#grantsOf(rows, accountId, 3);
    const from = ends.filter(() => !chance.oneIn(3));
    return {
      kind: 'renew',
      accountId,
      credits: chance.between(1, 12),
      expiresAt: chance.oneIn(5) ? null : this.#soon(0, chance.pick([5_000, 20_000, 1_200_000])),
      ends,
      rollover: chance.oneIn(4) ? null : { from, cap: chance.between(0, 12) },
    };
  }

  /** An end that is over, near or far. */
  #reschedule(rows: Rows): Wish | null {
    const chance = this.#chance;
    const accountId = chance.pick(this.#accounts);
    const grantIds = this.#grantsOf(rows, accountId, 2);
    if (grantIds.length === 0) return null;
    return { kind: 'reschedule', accountId, grantIds, expiresAt: this.#soon(-3_000, chance.pick([3_000, 20_000])) };
  }

  /** Some grants of an account, most of them with credits that are not spent. */
  #grantsOf({ grants }: Rows, accountId: AccountId, most: number): GrantId[] {
    const chance = this.#chance;
    const own = grants.filter(({ account_id: owner }) => owner === accountId);
    const live = own.filter(({ pending, remaining, held }) => pending + remaining + held > 0);
    const candidates = chance.oneIn(4) ? own : live;
    if (candidates.length === 0) return [];
    const picked = Array.from({ length: chance.between(1, most) }, () => chance.pick(candidates.slice(-8)).id);
    return [...new Set(picked)] as GrantId[]; // Ids of the table's own.
  }

  /** A total from nothing to all, now and then more than that; a debt comes of what was spent. */
  clawback(rows: Rows): Wish | null {
    const chance = this.#chance;
    const known = new Map(rows.clawbacks.map((clawback) => [clawback.grant_id, clawback.total]));
    const lists = [
      rows.grants.filter(({ consumed }) => consumed > 0),
      rows.grants.filter(({ consumed }) => consumed > 0),
      rows.grants.filter(({ held }) => held > 0),
      rows.grants.filter(({ id }) => known.has(id)),
      rows.grants,
    ].filter((list) => list.length > 0);
    if (lists.length === 0) return null;
    const { account_id: owner, id, amount } = chance.pick(chance.pick(lists).slice(-12));
    const most = chance.oneIn(12) ? amount + 1 : amount;
    const before = known.get(id) ?? 0;
    const less = before === 0 ? most : chance.pick([0, before - 1, before]);
    const total = chance.pick([less, chance.between(1, most), chance.between(1, most), most]);
    return { kind: 'clawback', accountId: owner as AccountId, grantId: id as GrantId, total }; // Ids of the table's own.
  }

  #refund(rows: Rows): Wish | null {
    const charged = rows.holds.filter(({ captured, refunded }) => captured > refunded);
    // Where several grants paid, it matters which of them gets its credits back.
    const shared = charged.filter(({ grant_ids: grantIds }) => grantIds.length > 1);
    const lists = [shared, charged, rows.holds].filter((list) => list.length > 0);
    const candidates = lists[this.#chance.oneIn(4) ? lists.length - 1 : 0] ?? [];
    if (candidates.length === 0) return null;
    const { id } = this.#chance.pick(candidates);
    const credits = this.#chance.oneIn(4) ? null : this.#chance.between(1, 4);
    return { kind: 'refund', generationId: id as GenerationId, credits }; // As above.
  }

  /** An instant ahead, often a whole second, so that many of them meet. */
  #soon(earliestMs: number, latestMs: number): Instant {
    const at = this.#now() + this.#chance.between(earliestMs, latestMs);
    return (this.#chance.oneIn(4) ? at : Math.ceil(at / 1_000) * 1_000) as Instant; // Milliseconds since 1970.
  }
}
