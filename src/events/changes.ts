import type { ChannelOptions, ProcessChannel } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import { repeat } from '../repeat.ts';

/**
 * Who is to look again: accounts of which something that their owners see has changed. It says that, not what: the rows
 * are the truth, and whoever watches reads them. So a message that is lost, doubled or late does no harm.
 */
export interface Changes {
  /** Begins to hear of what other processes change. */
  open(): Promise<void>;
  /** Says that something of an account has changed, once that is committed. Takes no time and never throws. */
  say(accountId: string): void;
  /** Watches an account; null when it is watched too often already. */
  watch(accountId: string): Watch | null;
  /** How many watch, for those who want to know that whoever left is forgotten. */
  watching(): number;
  close(): Promise<void>;
}

/** One who watches. However much happens meanwhile, it remembers no more than that something did. */
export interface Watch {
  /** Waits until something may have changed since this was asked before; false once it has ended. One asks at a time. */
  changed(): Promise<boolean>;
  end(): void;
}

/** Changes are gathered for so long, so that a busy account costs its watchers a few looks a second, not thousands. */
const gatherMs = 25;
/** What a lost message had to say, and what only time has changed, is seen after this long. */
const lookEveryMs = 5_000;
const mostWatchesPerAccount = 100;
const mostWatches = 10_000;
/** A message takes fewer than 8,000 bytes; an account's id takes 34. */
const mostPerMessage = 200;

/** The changes of one process, told to all processes on the database. */
export function createChanges(options: {
  /** Opens the way on which processes tell each other. */
  openChannel: (options: ChannelOptions) => Promise<ProcessChannel>;
  ids: IdSource;
  onError: (error: unknown) => void;
}): Changes {
  const { openChannel, ids, onError } = options;
  /** Tells this process's own messages apart, which come back to it. */
  const sender = ids.randomBytes(8).toString('hex');
  const watches = new Map<string, Set<OwnWatch>>();
  let count = 0;
  const gathered = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const untold = new Set<string>();
  let telling: Promise<void> | null = null;
  let channel: ProcessChannel | null = null;
  let looking: { stop(): Promise<void> } | null = null;

  const wake = (accountId: string): void => {
    for (const watch of watches.get(accountId) ?? []) watch.wake();
  };
  const wakeAll = (): void => {
    for (const accountId of watches.keys()) wake(accountId);
  };

  const flush = (): void => {
    timer = undefined;
    for (const accountId of gathered) {
      untold.add(accountId);
      wake(accountId);
    }
    gathered.clear();
    // One message after the other: what a slow channel cannot take yet is gathered meanwhile.
    telling ??= tell();
  };

  const tell = async (): Promise<void> => {
    while (untold.size > 0) {
      const messages = messagesOf(sender, [...untold]);
      untold.clear();
      await channel?.tell(messages).catch(onError);
    }
    telling = null;
  };

  return {
    open: async () => {
      channel = await openChannel({
        onMessage: (message) => {
          const [from, ...accountIds] = message.split(' ');
          if (from !== sender) for (const accountId of accountIds) wake(accountId);
        },
        onGap: wakeAll,
        onError,
      });
      looking = repeat(async () => wakeAll(), lookEveryMs, onError);
    },
    say: (accountId) => {
      gathered.add(accountId);
      timer ??= setTimeout(flush, gatherMs).unref();
    },
    watch: (accountId) => {
      const others = watches.get(accountId) ?? new Set<OwnWatch>();
      if (count >= mostWatches || others.size >= mostWatchesPerAccount) return null;
      const watch = new OwnWatch(() => {
        count -= 1;
        others.delete(watch);
        if (others.size === 0) watches.delete(accountId);
      });
      count += 1;
      watches.set(accountId, others.add(watch));
      return watch;
    },
    watching: () => count,
    close: async () => {
      clearTimeout(timer);
      flush();
      await telling;
      await looking?.stop();
      await channel?.close();
    },
  };
}

function messagesOf(sender: string, accountIds: readonly string[]): string[] {
  const messages: string[] = [];
  for (let start = 0; start < accountIds.length; start += mostPerMessage) {
    messages.push([sender, ...accountIds.slice(start, start + mostPerMessage)].join(' '));
  }
  return messages;
}

class OwnWatch implements Watch {
  readonly #forget: () => void;
  #isStale = false;
  #hasEnded = false;
  #answer: (() => void) | null = null;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  wake(): void {
    this.#isStale = true;
    this.#answer?.();
  }

  async changed(): Promise<boolean> {
    if (!this.#isStale && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#answer = resolve;
      });
      this.#answer = null;
    }
    this.#isStale = false;
    return !this.#hasEnded;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#forget();
    this.#answer?.();
  }
}
