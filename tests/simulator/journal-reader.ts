import type { Command, Credits, GrantId, HoldId } from '../../src/ledger/core/types.ts';
import { must } from './invariant.ts';
import { commandOf, type Request } from './requests.ts';
import type { HoldRow, NoteRow, Rows, TransferRow } from './rows.ts';

/** What is known of the world beside the rows. */
export interface Facts {
  readonly requestNamed: (name: string | null) => Request | undefined;
  readonly priceOf: (modelId: string) => number;
  readonly holdLifetimeMs: number;
  readonly welcomeCredits: number;
}

/** A command that took effect on a wallet, as its client gave it. */
export interface EffectiveCommand {
  readonly kind: 'command';
  readonly accountId: string;
  readonly step: number;
  readonly at: number;
  readonly command: Command;
  /** The last transfer that it made; null when it made none. */
  lastSequence: number | null;
}

const invariant = 'Every change of a wallet was asked for';

/** Finds in the rows which commands took effect, in their order. What falls due by itself is no command. */
export class JournalReader {
  readonly #facts: Facts;
  readonly #holds = new Map<string, HoldRow>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** The commands that took effect since the last call, in the order of each wallet. */
  read(rows: Rows, step: number): EffectiveCommand[] {
    const commands: EffectiveCommand[] = [];
    for (const transfer of rows.newTransfers) {
      const { account_id: accountId, recorded_at: at, sequence } = transfer;
      const last = commands.at(-1);
      if (followsItsCommand(transfer, rows) && last?.accountId === accountId && last.at === at) {
        last.lastSequence = sequence;
        continue;
      }
      const command = this.#commandOf(transfer, rows);
      if (command === null) continue;
      // One command brings credits to several places, one transfer for each.
      if (last?.accountId === accountId && last.at === at && isSame(last.command, command)) {
        last.lastSequence = sequence;
        continue;
      }
      if (command.kind === 'hold' && this.#isTakenAnew(command.holdId, commands)) continue;
      commands.push({ kind: 'command', accountId, step, at, command, lastSequence: sequence });
    }
    this.#insertQuietCommands(commands, rows, step);
    for (const hold of rows.holds) {
      const quiet = this.#quietCommand(hold, step);
      if (quiet !== null) insertInTime(commands, quiet);
    }
    for (const hold of rows.holds) this.#holds.set(hold.id, hold);
    return commands;
  }

  /**
   * Clawbacks that moved no credits, for what they want is held, and reschedules that moved none, for they changed an
   * end that is to come. Which commands took effect before each of them was noted, and those are found among the ones
   * that the journal tells of.
   */
  #insertQuietCommands(commands: EffectiveCommand[], rows: Rows, step: number): void {
    let next = 0;
    let account: string | null = null;
    for (const note of rows.newNotes) {
      const { account_id: accountId, at, kind } = note;
      if (accountId !== account) {
        account = accountId;
        next = commands.findIndex((command) => command.accountId === accountId);
        if (next === -1) next = commands.length;
      }
      const found = commands.findIndex((command, index) => index >= next && isNoted(command, note));
      if (found !== -1) next = found + 1;
      else if (kind === 'clawback' || kind === 'reschedule') {
        const command = this.#ledgerCommand(kind, note.reason);
        commands.splice(next, 0, { kind: 'command', accountId, step, at, command, lastSequence: null });
        next += 1;
      }
    }
  }

  #ledgerCommand(kind: 'clawback' | 'renew' | 'reschedule', reason: string | null): Command {
    const wish = this.#facts.requestNamed(reason)?.wish;
    must(wish?.kind === kind, invariant, () => `nobody asked for a ${kind} "${reason}"`);
    return commandOf(wish, reason ?? '');
  }

  /** A late capture takes the price of its hold anew; the capture comes next. */
  #isTakenAnew(holdId: HoldId, commands: readonly EffectiveCommand[]): boolean {
    return (
      this.#holds.has(holdId) || commands.some(({ command }) => command.kind === 'hold' && command.holdId === holdId)
    );
  }

  /** Commands that moved no credits: a hold was extended, or one that had lapsed was let go. */
  #quietCommand(hold: HoldRow, step: number): EffectiveCommand | null {
    const before = this.#holds.get(hold.id);
    const { account_id: accountId, settled_at: settledAt } = hold;
    const holdId = hold.id as HoldId; // An id of the table's own.
    const common = { kind: 'command', accountId, step, lastSequence: null } as const;
    const { holdLifetimeMs: lifetimeMs } = this.#facts;
    if (before !== undefined && before.expires_at !== hold.expires_at) {
      const at = hold.expires_at - lifetimeMs;
      return { ...common, at, command: { kind: 'extend', holdId, lifetimeMs } };
    }
    if (before?.status === 'LAPSED' && hold.status === 'RELEASED' && settledAt !== null) {
      return { ...common, at: settledAt, command: { kind: 'release', holdId } };
    }
    return null;
  }

  #commandOf(transfer: TransferRow, rows: Rows): Command | null {
    const { type, reason } = transfer;
    const holdId = transfer.hold_id as HoldId; // Of those types that are asked for it below, never null.
    const wish = this.#facts.requestNamed(reason)?.wish;
    switch (type) {
      case 'GRANT':
        return transfer.from_account === 'ISSUED' ? this.#grantCommand(transfer, rows) : null;
      case 'HOLD':
        return this.#holdCommand(holdId, rows);
      case 'CAPTURE':
        return { kind: 'capture', holdId, amount: null };
      case 'RELEASE':
        // The reason tells a lapse, which comes by itself.
        return reason === null ? { kind: 'release', holdId } : null;
      case 'REFUND':
        must(wish?.kind === 'refund', invariant, () => `nobody asked for a refund "${reason}"`);
        return { kind: 'refund', holdId, amount: wish.credits as Credits | null, reason: reason ?? '' }; // It was accepted.
      case 'EXPIRY':
        // What expires by itself has no reason; what a renewal ends comes before the grant that tells of it.
        return reason === null || reason === renewed ? null : this.#ledgerCommand('reschedule', reason);
      case 'VOID':
        if (reason === renewed) return null;
        if (wish?.kind === 'reschedule') return this.#ledgerCommand('reschedule', reason);
        must(wish?.kind === 'void', invariant, () => `nobody asked for a void "${reason}"`);
        return { kind: 'void', grantId: wish.grantId, reason: reason ?? '' };
      case 'CLAWBACK':
      case 'REINSTATEMENT':
        return this.#ledgerCommand('clawback', reason);
      default:
        return null;
    }
  }

  #holdCommand(holdId: HoldId, { generations }: Rows): Command {
    const generation = generations.find(({ id }) => id === holdId);
    const wish = this.#facts.requestNamed(generation?.prompt ?? null)?.wish;
    must(wish?.kind === 'generate', invariant, () => `nobody asked for the hold ${holdId}`);
    const amount = this.#facts.priceOf(wish.modelId) as Credits; // A price of the catalog.
    return { kind: 'hold', holdId, amount, lifetimeMs: this.#facts.holdLifetimeMs };
  }

  #grantCommand({ grant_ids: [id], account_id: accountId, sequence }: TransferRow, { grants }: Rows): Command {
    const grantId = id as GrantId; // An id of the table's own.
    const request = this.#facts.requestNamed(grants.find((grant) => grant.id === id)?.reason ?? null);
    const common = { kind: 'grant', grantId, source: 'PROMOTION', reason: null } as const;
    if (request === undefined) {
      must(sequence === 1, invariant, () => `nobody asked for the grant ${grantId}`);
      const amount = this.#facts.welcomeCredits as Credits; // Of the catalog.
      return { ...common, category: 'PROMOTIONAL', priority: 30, amount, effectiveAt: null, expiresAt: null };
    }
    const { wish, name } = request;
    if (wish.kind === 'renew' && wish.accountId === accountId) return this.#ledgerCommand('renew', name);
    must(
      wish.kind === 'grant' && wish.accountId === accountId,
      invariant,
      () => `${request.name} did not ask for the grant ${grantId} of ${accountId}`,
    );
    const { category, priority, effectiveAt, expiresAt } = wish;
    return { ...common, category, priority, amount: wish.credits as Credits, effectiveAt, expiresAt }; // It was accepted.
  }
}

const renewed = 'The next credits came in its place.';

/** What a command brings about after what it asks for: a grant pays a debt, a renewal rolls over, a clawback takes what was just spent. */
const followsItsCommand = ({ type, reason, grant_ids: [id] }: TransferRow, { grants }: Rows): boolean =>
  type === 'DEBT_PAYMENT' ||
  (type === 'GRANT' && grants.some((grant) => grant.id === id && grant.source === 'ROLLOVER')) ||
  (type === 'CLAWBACK' && reason === 'The payment went back.');

function isNoted({ accountId, at, command }: EffectiveCommand, note: NoteRow): boolean {
  if (accountId !== note.account_id || at !== note.at || command.kind !== note.kind) return false;
  if ((command.kind === 'clawback' || command.kind === 'reschedule') && command.reason !== note.reason) return false;
  const subject = 'holdId' in command ? command.holdId : 'grantId' in command ? command.grantId : '';
  return subject === note.subject_id;
}

const isSame = (left: Command, right: Command): boolean =>
  left.kind === right.kind &&
  ['release', 'refund', 'clawback', 'reschedule'].includes(left.kind) &&
  JSON.stringify(left) === JSON.stringify(right);

/** Puts a command of its wallet before the first that came later. */
function insertInTime(commands: EffectiveCommand[], quiet: EffectiveCommand): void {
  const later = commands.findIndex(({ accountId, at }) => accountId === quiet.accountId && at > quiet.at);
  commands.splice(later === -1 ? commands.length : later, 0, quiet);
}
