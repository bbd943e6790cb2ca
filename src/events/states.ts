import type { Watch } from './changes.ts';

/** What a subscriber sees of something, and the how many-th state of it that is. */
export interface State<Value> {
  readonly version: number;
  readonly value: Value;
  /** Nothing new will come. */
  readonly isLast: boolean;
}

/** A state as it is told, with the id from which a subscriber goes on. */
export interface Told<Value> {
  readonly eventId: string;
  readonly value: Value;
}

/**
 * Tells each state that is newer than the one told before, from `after` on, until the last. A state is read when the
 * subscriber is ready for it: whoever is slow is told the latest, and nothing waits in memory.
 */
export function tellStates<Value>(options: {
  watch: Watch;
  subjectId: string;
  /** The version that the subscriber has; 0 for none. */
  after: number;
  read: () => Promise<State<Value>>;
}): AsyncIterableIterator<Told<Value>> {
  const { watch, subjectId, after, read } = options;
  const states = (async function* (): AsyncGenerator<Told<Value>, undefined> {
    try {
      const first = await read();
      // Nobody has a state that is still to come: the database was set back.
      let told = after > first.version ? 0 : after;
      let state = first;
      for (;;) {
        if (state.version > told) {
          told = state.version;
          yield { eventId: eventIdOf(subjectId, told), value: state.value };
        }
        if (state.isLast || !(await watch.changed())) return;
        state = await read();
      }
    } finally {
      watch.end();
    }
  })();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => states.next(),
    return: () => {
      // A generator that waits for a change would return only with the change.
      watch.end();
      return states.return(undefined);
    },
  };
}

const eventIdOf = (subjectId: string, version: number): string => `${subjectId}.${version}`;

/** The version that an event told of; null when it was no event of this. */
export function versionIn(eventId: string, subjectId: string): number | null {
  const version = eventId.startsWith(`${subjectId}.`) ? eventId.slice(subjectId.length + 1) : '';
  return /^\d{1,10}$/.test(version) ? Number(version) : null;
}
