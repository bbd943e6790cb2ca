import { createRandom } from '../support/random.ts';
import { type Answer, banana, createStudio, mini, schnell, type Studio } from '../support/studio.ts';
import type { TestApp } from '../support/test-app.ts';
import { beginIntent, type Book, count, idsOf, type Intent, type KeyedMutation } from './book.ts';
import { readExplanation, readHistory, readWallet } from './readers.ts';
import { FateUnknown } from './wire.ts';

/** A wallet under load, with what the clients know of it. */
export interface LoadWallet {
  readonly id: string;
  readonly key: string;
  /** The newest last; no more than clients choose from. */
  readonly generations: string[];
  readonly charged: string[];
  readonly grants: string[];
  readonly sent: { readonly intent: Intent; readonly input: Record<string, unknown> }[];
  /** Generations that end only when they are cancelled. */
  readonly hanging: Set<string>;
}

interface Client {
  readonly book: Book;
  readonly studio: Studio;
  readonly random: ReturnType<typeof createRandom>;
  /** Another one each time, the same ones for the same client. */
  readonly newName: () => string;
}

/** Opens a wallet for the load. */
export const loadWallet = ({ id, key }: { id: string; key: string }): LoadWallet => ({
  id,
  key,
  generations: [],
  charged: [],
  grants: [],
  sent: [],
  hanging: new Set(),
});

/** Which answers each mutation may have; all others are faults. */
const expected: Record<KeyedMutation | 'cancelGeneration', readonly string[]> = {
  generate: ['Generation', 'InsufficientCreditsError', 'IdempotencyConflictError'],
  grantCredits: ['Grant', 'InvalidInputError', 'IdempotencyConflictError'],
  voidGrant: ['Grant', 'GrantNotVoidableError'],
  refundGeneration: ['Generation', 'InvalidInputError'],
  cancelGeneration: ['Generation', 'NotCancelableError'],
};

const models = [
  mini,
  mini,
  { modelId: 'gmi/gemini-3.1-flash-lite', prompt: mini.prompt }, // 1 credit
  { modelId: 'gmi/deepseek-r1', prompt: mini.prompt }, // 4 credits
  { modelId: 'gmi/claude-opus-4.7', prompt: mini.prompt }, // 5 credits
  schnell,
  banana,
];
const otherPrompt = 'Another input under the same key';
const courses = ['slow', 'fail', 'fail', 'block', 'hang'] as const;
const mostRemembered = 200;

type Action = (client: Client, wallet: LoadWallet) => Promise<void>;

/** What clients do, each with how often out of the sum. */
const actions: readonly (readonly [weight: number, action: Action])[] = [
  [22, generate],
  [8, sendAgain],
  [12, cancel],
  [16, readGeneration],
  [16, ({ book, studio }, { key }) => readWallet(book, studio, key)],
  [8, ({ book, studio, random }, { key }) => readHistory(book, studio, key, { size: 1 + random.below(50), pages: 2 })],
  [4, ({ book, studio }, { key }) => readExplanation(book, studio, key)],
  [7, giveCredits],
  [3, voidGrant],
  [4, refund],
];
const weights = actions.reduce((sum, [weight]) => sum + weight, 0);

/** One client: one request after the other, on the first wallet half of the time, until it is over. */
export async function runClient(options: {
  index: number;
  seed: number;
  book: Book;
  wire: Pick<TestApp, 'graphql'>;
  wallets: readonly LoadWallet[];
  isOver: () => boolean;
}): Promise<void> {
  const { index, seed, book, wire, wallets, isOver } = options;
  const random = createRandom(seed * 1_000 + index);
  let made = 0;
  const newName = (): string => {
    made += 1;
    return `client-${index}-${made}`;
  };
  const client: Client = { book, studio: createStudio(wire), random, newName };
  const [hot, ...others] = wallets;
  if (hot === undefined) throw new Error('There is no wallet.');
  while (!isOver()) {
    const wallet = random.below(2) === 0 ? hot : random.pick(others);
    try {
      await pickAction(random)(client, wallet);
    } catch {
      count(book, 'any', 'failed'); // The wire has noted why.
    }
  }
}

function pickAction(random: Client['random']): Action {
  let left = random.below(weights);
  for (const [weight, action] of actions) {
    left -= weight;
    if (left < 0) return action;
  }
  throw new Error('The weights do not add up.');
}

/** Sends a mutation of an intent and writes down what came of it. */
export async function send(
  book: Book,
  intent: Intent,
  variant: string,
  call: () => Promise<Answer>,
): Promise<Answer | null> {
  try {
    const answer = await call();
    intent.answers.push({ variant, answer });
    count(book, intent.mutation, `${answer.__typename}${answer.replayed === true ? ' (replayed)' : ''}`);
    if (!expected[intent.mutation].includes(answer.__typename)) {
      book.unexpected.push(`${intent.mutation} was answered ${JSON.stringify(answer)}`);
    }
    return answer;
  } catch (error) {
    if (error instanceof FateUnknown) intent.lost += 1;
    count(book, intent.mutation, error instanceof FateUnknown ? 'fate unknown' : 'failed');
    return null;
  }
}

async function generate(client: Client, wallet: LoadWallet): Promise<void> {
  const { book, random, newName } = client;
  const course = random.below(6) === 0 ? random.pick(courses) : null;
  // What ends only when it is cancelled needs a key, so that its id is known in the end.
  const keyed = course === 'hang' || random.below(10) < 7;
  const name = newName();
  const intent = beginIntent(book, { mutation: 'generate', name, accountId: wallet.id, keyed });
  const input: Record<string, unknown> = {
    ...random.pick(models),
    metadata: { request: name },
    ...(course === null ? {} : { params: { sandbox: course } }),
    ...(keyed ? { idempotencyKey: name } : {}),
  };
  const inputs = [input];
  const choice = random.below(10);
  if (keyed && choice < 3) inputs.push(input);
  if (keyed && choice === 3) inputs.push({ ...input, prompt: otherPrompt });
  await Promise.all(inputs.map((one) => sendGenerate(client, wallet, intent, one)));
  if (keyed) remember(wallet.sent, { intent, input });
}

/** Sends what was sent before under its key, sometimes with another input, which must then be refused. */
async function sendAgain(client: Client, wallet: LoadWallet): Promise<void> {
  const { random } = client;
  if (wallet.sent.length === 0) return generate(client, wallet);
  const { intent, input } = random.pick(wallet.sent);
  const again = random.below(4) === 0 ? { ...input, prompt: otherPrompt } : input;
  await sendGenerate(client, wallet, intent, again);
}

async function sendGenerate(
  { book, studio }: Client,
  wallet: LoadWallet,
  intent: Intent,
  input: Record<string, unknown>,
): Promise<void> {
  const answer = await send(book, intent, String(input['prompt']), () => studio.generate(wallet.key, input));
  if (answer?.__typename === 'InsufficientCreditsError' && (answer.available ?? 0) < 0) {
    book.seen.push(`G03 a refusal spoke of ${answer.available} available`);
  }
  if (answer?.__typename !== 'Generation' || answer.id === undefined) return;
  if (answer.replayed !== true) remember(wallet.generations, answer.id);
  if (JSON.stringify(input['params'] ?? {}).includes('hang')) wallet.hanging.add(answer.id);
}

async function cancel({ book, studio, random }: Client, wallet: LoadWallet): Promise<void> {
  if (wallet.generations.length === 0) return;
  const id = random.pick(wallet.generations);
  const times = 1 + random.below(2);
  await Promise.all(Array.from({ length: times }, () => cancelOne(book, studio, wallet, id)));
}

/** Cancels a generation and writes down what came of it. */
export async function cancelOne(book: Book, studio: Studio, { key }: { key: string }, id: string): Promise<void> {
  const answer = await studio.cancel(key, id);
  count(book, 'cancelGeneration', answer.__typename);
  if (answer.__typename === 'Generation' && answer.status === 'CANCELED') book.cancelled.add(id);
  else if (answer.__typename !== 'NotCancelableError') {
    book.unexpected.push(`cancelGeneration was answered ${JSON.stringify(answer)}`);
  }
}

async function readGeneration({ book, studio, random }: Client, wallet: LoadWallet): Promise<void> {
  if (wallet.generations.length === 0) return readWallet(book, studio, wallet.key);
  const id = random.pick(wallet.generations);
  const generation = await studio.generation(wallet.key, id);
  count(book, 'generation', generation?.status ?? 'null');
  if (generation === null) book.seen.push(`G14 ${id} was acknowledged and is not there`);
  if (generation?.status === 'SUCCEEDED') remember(wallet.charged, id);
}

async function giveCredits({ book, studio, random, newName }: Client, wallet: LoadWallet): Promise<void> {
  const name = newName();
  const intent = beginIntent(book, { mutation: 'grantCredits', name, accountId: wallet.id, keyed: true });
  const credits = 1 + random.below(20);
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
  const more = {
    idempotencyKey: name,
    reason: name,
    priority: random.below(60),
    ...(random.below(3) === 0 ? { effectiveAt: inSeconds(2 + random.below(3)) } : {}),
    ...(random.below(2) === 0 ? { expiresAt: inSeconds(5 + random.below(6)) } : {}),
  };
  // Sometimes twice at once, and sometimes the second time with another amount.
  const second = { 0: [credits], 1: [credits + 1] }[random.below(6)] ?? [];
  await Promise.all(
    [credits, ...second].map(async (amount) => {
      const answer = await send(book, intent, String(amount), () => studio.giveCredits(wallet.id, amount, more));
      if (answer?.__typename === 'InvalidInputError' && !('effectiveAt' in more || 'expiresAt' in more)) {
        book.unexpected.push(`grantCredits was answered ${JSON.stringify(answer)}`);
      }
    }),
  );
  for (const id of idsOf(intent)) remember(wallet.grants, id);
}

async function voidGrant({ book, studio, random, newName }: Client, wallet: LoadWallet): Promise<void> {
  if (wallet.grants.length === 0) return;
  const id = random.pick(wallet.grants);
  const name = newName();
  const intent = beginIntent(book, { mutation: 'voidGrant', name, accountId: wallet.id, keyed: true });
  const times = 1 + random.below(2);
  const call = (): Promise<Answer> => studio.voidGrant(id, { idempotencyKey: name, reason: name });
  await Promise.all(Array.from({ length: times }, () => send(book, intent, '', call)));
}

async function refund({ book, studio, random, newName }: Client, wallet: LoadWallet): Promise<void> {
  if (wallet.charged.length === 0) return;
  const id = random.pick(wallet.charged);
  const name = newName();
  const intent = beginIntent(book, { mutation: 'refundGeneration', name, accountId: wallet.id, keyed: true });
  const times = 1 + random.below(2);
  const call = (): Promise<Answer> => studio.refund(id, 1, { idempotencyKey: name, reason: name });
  await Promise.all(Array.from({ length: times }, () => send(book, intent, '', call)));
}

function remember<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > mostRemembered) items.shift();
}
