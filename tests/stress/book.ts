import type { Answer } from '../support/studio.ts';

export type KeyedMutation = 'generate' | 'grantCredits' | 'voidGrant' | 'refundGeneration';

/** One thing that a client wants done, under one name, however often and with whatever input it is sent. */
export interface Intent {
  readonly mutation: KeyedMutation;
  /** Of this intent alone; it is stored with the effect, and is the key. */
  readonly name: string;
  readonly accountId: string;
  readonly keyed: boolean;
  /** What was answered, each with the input that it was an answer to. */
  readonly answers: { readonly variant: string; readonly answer: Answer }[];
  /** How many sends have an unknown fate: the server was killed, and without a key they cannot be sent again. */
  lost: number;
}

/** All that the clients did and saw. */
export interface Book {
  readonly intents: Intent[];
  readonly accountIds: string[];
  /** The generations whose cancellation was acknowledged. */
  readonly cancelled: Set<string>;
  /** How often each kind of request had each outcome. */
  readonly outcomes: Map<string, Map<string, number>>;
  /** Answers that a client must never get. */
  readonly unexpected: string[];
  /** What readers saw that must never be seen. */
  readonly seen: string[];
  /** What the rounds of identical requests and of requests for too few credits found. */
  readonly identical: { rounds: number; requests: number; readonly faults: string[] };
  readonly scarce: { rounds: number; requests: number; readonly faults: string[] };
  /** Requests, and those of them that were sent again because a server was killed. */
  sent: number;
  sentAgain: number;
}

export const createBook = (): Book => ({
  intents: [],
  accountIds: [],
  cancelled: new Set(),
  outcomes: new Map(),
  unexpected: [],
  seen: [],
  identical: { rounds: 0, requests: 0, faults: [] },
  scarce: { rounds: 0, requests: 0, faults: [] },
  sent: 0,
  sentAgain: 0,
});

/** Counts an outcome of a kind of request. */
export function count({ outcomes }: Book, kind: string, outcome: string): void {
  const ofKind = outcomes.get(kind) ?? new Map<string, number>();
  outcomes.set(kind, ofKind.set(outcome, (ofKind.get(outcome) ?? 0) + 1));
}

/** Writes down a new intent. */
export function beginIntent(book: Book, intent: Pick<Intent, 'mutation' | 'name' | 'accountId' | 'keyed'>): Intent {
  const begun = { ...intent, answers: [], lost: 0 };
  book.intents.push(begun);
  return begun;
}

/** The ids that were answered as the effect of an intent; more than one is a fault. */
export const idsOf = ({ answers }: Intent): string[] => [
  ...new Set(answers.flatMap(({ answer }) => (answer.__typename.endsWith('Error') ? [] : [answer.id ?? '']))),
];
