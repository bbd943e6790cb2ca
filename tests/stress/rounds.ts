import { banana, countTypes, mini, type Studio } from '../support/studio.ts';
import { beginIntent, type Book } from './book.ts';
import { cancelOne, send } from './load.ts';

export interface Account {
  readonly id: string;
  readonly key: string;
}

/** Of a new account. */
const welcome = 100;
const identicalRequests = 24;
const scarceRequests = 64;
const readers = 20;
/** So that nothing is charged while a round is counted. */
const params = { sandbox: 'slow' };

/** On a fresh wallet: identical requests at once over all servers. Exactly one takes effect, and all get its result. */
export async function identicalRound(book: Book, studio: Studio, account: Account): Promise<void> {
  const { faults } = book.identical;
  const name = `identical-${book.identical.rounds}`;
  book.identical.rounds += 1;
  book.identical.requests += identicalRequests;
  const intent = beginIntent(book, { mutation: 'generate', name, accountId: account.id, keyed: true });
  const input = { ...mini, params, metadata: { request: name }, idempotencyKey: name };
  const answers = await Promise.all(
    Array.from({ length: identicalRequests }, () =>
      send(book, intent, mini.prompt, () => studio.generate(account.key, input)),
    ),
  );
  const ids = new Set(answers.map((answer) => (answer?.__typename === 'Generation' ? answer.id : answer?.__typename)));
  if (ids.size !== 1) faults.push(`${name}: the answers were ${[...ids].join(', ')}`);
  // The model costs 3.
  const { available, held } = await studio.wallet(account.key);
  if (available !== welcome - 3 || held !== 3) faults.push(`${name}: ${available} were available and ${held} held`);
  await cancelAll(book, studio, account, [...ids]);
}

/** On a fresh wallet: more different requests at once over all servers than it can pay. Exactly those succeed that it can. */
export async function scarceRound(book: Book, studio: Studio, account: Account): Promise<void> {
  const { faults } = book.scarce;
  const round = `scarce-${book.scarce.rounds}`;
  book.scarce.rounds += 1;
  book.scarce.requests += scarceRequests;
  const generate = async (index: number) => {
    const name = `${round}-${index}`;
    const intent = beginIntent(book, { mutation: 'generate', name, accountId: account.id, keyed: true });
    const input = { ...banana, params, metadata: { request: name }, idempotencyKey: name };
    return send(book, intent, banana.prompt, () => studio.generate(account.key, input));
  };
  const [answers, seen] = await Promise.all([
    Promise.all(Array.from({ length: scarceRequests }, (_, index) => generate(index))),
    Promise.all(Array.from({ length: readers }, () => studio.wallet(account.key))),
  ]);
  const answered = answers.filter((answer) => answer !== null);
  // 100 / 4 = 25
  const { Generation: accepted = 0, InsufficientCreditsError: refused = 0 } = countTypes(answered);
  if (accepted !== 25 || refused !== scarceRequests - 25) {
    faults.push(`${round}: ${accepted} of ${scarceRequests} succeeded and ${refused} were refused`);
  }
  for (const { available, held } of seen) {
    if (available < 0 || available + held !== welcome) {
      faults.push(`${round}: a reader saw ${available} available and ${held} held`);
    }
  }
  await cancelAll(
    book,
    studio,
    account,
    answered.map(({ id }) => id),
  );
}

/** Cancels what a round started; then all that the wallet had is there again. */
async function cancelAll(
  book: Book,
  studio: Studio,
  account: Account,
  ids: readonly (string | undefined)[],
): Promise<void> {
  const started = ids.filter((id) => id?.startsWith('gen_') === true);
  await Promise.all(started.map((id) => cancelOne(book, studio, account, id ?? '')));
  const { available, held } = await studio.wallet(account.key);
  if (available !== welcome || held !== 0) {
    book.seen.push(`G05 after a round was cancelled ${available} were available and ${held} held`);
  }
}
