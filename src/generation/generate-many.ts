import {
  ExpectedError,
  IdempotencyConflictError,
  type InputIssue,
  type InsufficientCreditsError,
  InvalidInputError,
} from '../errors.ts';
import type {
  AccountId,
  IdempotencyKey,
  Instant,
  Ledger,
  LedgerAnswer,
  LedgerRequest,
  UnitAnswer,
} from '../ledger/index.ts';
import type { GenerateInput, Generation, GenerationId } from './types.ts';

export interface ManyRequest {
  readonly inputs: readonly GenerateInput[];
  readonly mode: 'ALL' | 'EACH';
  readonly dryRun: boolean;
}

export interface ManyAnswer {
  /** One for each input, in their order. */
  readonly results: readonly (Generation | ExpectedError)[];
  /** What was held for all of them, or would be; what a key answered was held before. */
  readonly credits: number;
  readonly dryRun: boolean;
}

/** A call whose shape is right, with the id that it would get and the client's key. */
export interface NamedCall {
  readonly id: GenerationId;
  readonly key: IdempotencyKey | undefined;
}

/** A call that can be made, if the wallet has its price. */
export interface Call {
  readonly credits: number;
  readonly request: LedgerRequest;
  /** The generation as it is when its credits have just been held. */
  readonly queued: (now: Instant) => Generation;
}

export interface Shortage {
  readonly required: number;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
}

/** What a call goes through, alone and among others. Each throws the expected errors of its part. */
export interface Calls {
  readonly ledger: Pick<Ledger, 'executeUnit' | 'rehearse'>;
  readonly accountId: AccountId;
  readonly name: (input: GenerateInput) => NamedCall;
  /** The id of the generation that the key has made before, if it has. */
  readonly readKey: (named: NamedCall) => Promise<string | null>;
  readonly assess: (input: GenerateInput, named: NamedCall) => Promise<Call>;
  readonly conclude: (call: Call, answer: LedgerAnswer) => Promise<Generation>;
  readonly replay: (subjectId: string) => Promise<Generation>;
  readonly tooFew: (wallet: Shortage) => InsufficientCreditsError;
  /** What is done once credits have been held. */
  readonly follow: () => void;
}

/** How far a call has come before the ledger is asked. */
type Prepared =
  | { readonly kind: 'ready'; readonly named: NamedCall; readonly call: Call }
  | { readonly kind: 'known'; readonly named: NamedCall; readonly subjectId: string }
  /** `named`: its shape was right, so that its key counts. */
  | { readonly kind: 'refused'; readonly named: NamedCall | null; readonly error: ExpectedError };

type Ready = Extract<Prepared, { kind: 'ready' }>;
type Answers = ReadonlyMap<Ready, UnitAnswer | ExpectedError>;

/** Makes several calls in one transaction. */
export async function generateMany(calls: Calls, { inputs, mode, dryRun }: ManyRequest): Promise<ManyAnswer> {
  const prepared = await Promise.all(inputs.map((input) => prepare(calls, input)));
  const answers = await decide(calls, prepared, { allOrNone: mode === 'ALL', dryRun });
  /** What this request has made under a client's key. */
  const made = new Map<string, { readonly key: IdempotencyKey; readonly generation: Generation }>();
  let credits = 0;

  const conclude = async (item: Prepared): Promise<Generation | ExpectedError> => {
    const key = item.named?.key;
    const earlier = key === undefined ? undefined : made.get(key.key);
    switch (item.kind) {
      case 'known':
        return calls.replay(item.subjectId);
      case 'refused': {
        // Its key was read before the call that has used it: a moment later it would have been found.
        if (key === undefined || earlier === undefined) return item.error;
        if (!earlier.key.requestHash.equals(key.requestHash)) return new IdempotencyConflictError(key.key);
        return { ...earlier.generation, replayed: true };
      }
      case 'ready': {
        const answer = answers.get(item);
        if (answer === undefined) throw new Error('A call was not decided.');
        if (answer instanceof ExpectedError) return answer;
        if (answer.kind === 'withheld') return whyWithheld(calls, prepared, answers);
        if (answer.kind === 'refused' && mode === 'ALL') return whyWithheld(calls, prepared, answers);
        if (answer.kind === 'replayed' && earlier !== undefined) return { ...earlier.generation, replayed: true };
        const generation = await calls.conclude(item.call, answer);
        if (answer.kind !== 'applied') return generation;
        credits += item.call.credits;
        if (key !== undefined) made.set(key.key, { key, generation });
        return generation;
      }
    }
  };

  const results: (Generation | ExpectedError)[] = [];
  for (const item of prepared) results.push(await attempt(() => conclude(item)));
  if (credits > 0 && !dryRun) calls.follow();
  return { results, credits, dryRun };
}

async function prepare(calls: Calls, input: GenerateInput): Promise<Prepared> {
  const named = await attempt(async () => calls.name(input));
  if (named instanceof ExpectedError) return { kind: 'refused', named: null, error: named };
  const prepared = await attempt(async (): Promise<Prepared> => {
    const subjectId = await calls.readKey(named);
    if (subjectId !== null) return { kind: 'known', named, subjectId };
    return { kind: 'ready', named, call: await calls.assess(input, named) };
  });
  return prepared instanceof ExpectedError ? { kind: 'refused', named, error: prepared } : prepared;
}

/** What the ledger says to each call that can be made. */
async function decide(
  { ledger, accountId }: Calls,
  prepared: readonly Prepared[],
  { allOrNone, dryRun }: { allOrNone: boolean; dryRun: boolean },
): Promise<Answers> {
  const ready = prepared.filter((item) => item.kind === 'ready');
  const all = (answer: UnitAnswer | ExpectedError): Answers => new Map(ready.map((item) => [item, answer]));
  if (allOrNone && prepared.some(({ kind }) => kind === 'refused')) return all({ kind: 'withheld' });
  if (ready.length === 0) return all({ kind: 'withheld' });
  const unit = { accountId, requests: ready.map(({ call }) => call.request), allOrNone };
  const answers = await attempt(() => (dryRun ? ledger.rehearse(unit) : ledger.executeUnit(unit)));
  if (answers instanceof ExpectedError) return all(answers);
  return new Map(ready.map((item, index) => [item, answers[index] ?? { kind: 'withheld' }]));
}

/** Why a call was not made that wants all or none: too few credits for all of them, or the ones that were refused. */
function whyWithheld(calls: Calls, prepared: readonly Prepared[], answers: Answers): ExpectedError {
  let heldBefore = 0;
  let required = 0;
  let short: Shortage | null = null;
  const issues: InputIssue[] = [];
  for (const [index, item] of prepared.entries()) {
    const answer = item.kind === 'ready' ? answers.get(item) : item.kind === 'refused' ? item.error : null;
    if (answer == null) continue;
    const code =
      answer instanceof ExpectedError ? answer.code : answer.kind === 'conflict' ? 'IDEMPOTENCY_CONFLICT' : null;
    if (code !== null) {
      issues.push({
        path: ['inputs', String(index)],
        message: `Refused with ${code}; with the mode ALL none is made then.`,
      });
    }
    if (item.kind !== 'ready' || answer instanceof ExpectedError) continue;
    if (answer.kind !== 'withheld' && answer.kind !== 'refused') continue;
    required += item.call.credits;
    if (answer.kind === 'withheld' && short === null) heldBefore += item.call.credits;
    if (answer.kind === 'refused' && answer.refusal.kind === 'INSUFFICIENT_CREDITS') short ??= answer.refusal;
  }
  if (issues.length > 0 || short === null) return new InvalidInputError(issues);
  // The first that found too little had been decided after those before it.
  const { available, held, debt } = short;
  return calls.tooFew({ required, available: available + heldBefore, held: held - heldBefore, debt });
}

/** A value, or the expected error that kept it from being. */
async function attempt<Value>(work: () => Promise<Value>): Promise<Value | ExpectedError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExpectedError) return error;
    throw error;
  }
}
