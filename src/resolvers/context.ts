import type { Accounts, Caller } from '../accounts/index.ts';
import type { Billing } from '../billing/index.ts';
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Changes } from '../events/index.ts';
import { InvalidInputError } from '../errors.ts';
import type { Generations, Uploads } from '../generation/index.ts';
import type { History, Ledger, WalletView } from '../ledger/index.ts';
import type { ClockMoves } from '../sandbox-clock/index.ts';
import { Unauthenticated } from './transport-errors.ts';

/** The domains that operations speak to. */
export interface Services {
  readonly accounts: Accounts;
  readonly billing: Billing;
  readonly catalog: Catalog;
  /** Whether anything can be bought here; it stays so while the process runs. */
  readonly checkoutAvailable: boolean;
  readonly changes: Changes;
  readonly clock: Clock;
  /** Null outside sandbox mode. */
  readonly clockMoves: ClockMoves | null;
  readonly generations: Generations;
  readonly history: History;
  readonly ledger: Ledger;
  /** Where clients reach this server, without a trailing slash. */
  readonly publicUrl: () => string;
  readonly uploads: Uploads;
}

/** What every resolver of one request is given. */
export interface Context {
  readonly services: Services;
  /** Null when no key was sent; a wrong key never comes this far. */
  readonly caller: Caller | null;
  /** The Idempotency-Key header. */
  readonly idempotencyKey: string | null;
  /** The Last-Event-ID header. */
  readonly lastEventId: string | null;
  /** Ends when nobody waits for the answer any more; null where an answer is never waited for. */
  readonly left: AbortSignal | null;
}

/** The caller of a field that is for callers alone; the schema has seen to it that there is one. */
export function callerOf({ caller }: Context): Caller {
  if (caller === null) throw new Unauthenticated();
  return caller;
}

/** The caller's wallet now; every account has one. */
export async function walletOf(context: Context): Promise<WalletView> {
  const wallet = await context.services.ledger.wallet(callerOf(context).accountId);
  if (wallet === null) throw new Error('An account has no wallet.');
  return wallet;
}

/** The idempotency key of a mutation, from its argument or the header. Throws {@link InvalidInputError} when they differ. */
export function keyFrom({ idempotencyKey: header }: Context, argument: string | null | undefined): string | null {
  if (header !== null && argument != null && header !== argument) {
    throw new InvalidInputError([
      { path: ['input', 'idempotencyKey'], message: 'Differs from the Idempotency-Key header. Send one of them.' },
    ]);
  }
  return argument ?? header;
}
