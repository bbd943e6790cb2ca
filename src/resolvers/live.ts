import { type State, tellStates, type Told, versionIn } from '../events/index.ts';
import type { Generation, GenerationId } from '../generation/index.ts';
import type { WalletView } from '../ledger/index.ts';
import { type Context, callerOf, walletOf } from './context.ts';
import { BadRequest, NotFound, RateLimited } from './transport-errors.ts';
import { walletIdOf } from './wallet.ts';

type After = string | null | undefined;

/** The states of a generation of the caller's, until it has ended. Throws {@link NotFound}, also for another account's. */
export async function generationUpdated(
  context: Context,
  { id, after }: { id: string; after?: After },
): Promise<AsyncIterable<Told<Generation>>> {
  const { generations } = context.services;
  const { accountId } = callerOf(context);
  const find = async (): Promise<Generation> => {
    const generation = await generations.find(accountId, id as GenerationId); // Found among the caller's, or nowhere.
    if (generation === null) throw new NotFound('There is no such generation.');
    return generation;
  };
  await find();
  return tell(context, id, after, async () => {
    const generation = await find();
    return { version: generation.version, value: generation, isLast: generation.completedAt !== null };
  });
}

/** The states of the caller's wallet: one for each time that its history has grown. */
export async function walletUpdated(context: Context, after: After): Promise<AsyncIterable<Told<WalletView>>> {
  return tell(context, walletIdOf(callerOf(context).accountId), after, async () => {
    const wallet = await walletOf(context);
    return { version: wallet.state.sequence, value: wallet, isLast: false };
  });
}

function tell<Value>(
  context: Context,
  subjectId: string,
  after: After,
  read: () => Promise<State<Value>>,
): AsyncIterable<Told<Value>> {
  const given = after == null ? 0 : versionIn(after, subjectId);
  if (given === null) throw new BadRequest('after must be the id of an event that this subscription has given.');
  // A browser that comes again has the first address still, and the last event in the header.
  const last = context.lastEventId === null ? null : versionIn(context.lastEventId, subjectId);
  const watch = context.services.changes.watch(callerOf(context).accountId);
  if (watch === null) throw new RateLimited('Too much is watched at once. End another subscription first.');
  if (context.left?.aborted) watch.end();
  context.left?.addEventListener('abort', () => watch.end());
  return tellStates({ watch, subjectId, after: Math.max(given, last ?? 0), read });
}
