import type { PGlite } from '@electric-sql/pglite';
import { nobodyElse } from '../../src/db/followers.ts';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from '../../src/db/generated/client.ts';
import type { Database } from '../../src/db/index.ts';
import { turn } from './event-loop.ts';

/** What happens to one statement, or to one COMMIT. Lost is the connection, dead is the whole process. */
export type Fault = 'die before' | 'die after' | 'lose before' | 'lose after';

/** Where a statement stands when its fate is decided. */
export interface StatementPoint {
  readonly kind: 'statement' | 'commit';
  readonly sql: string;
  /** Whether the service runs it again when its answer is lost, alone or with the transaction that it is in. */
  readonly isRunAgain: boolean;
}

/** What a connection asks of the simulation. */
export interface Weather {
  /** Before each statement: time may move, and the answer says what goes wrong, if anything. */
  next(point: StatementPoint): Fault | null;
  /** After a statement that the database has answered; `values` are its parameters. */
  done(point: StatementPoint, values: readonly unknown[]): void;
  /** The process is gone with all that it had in memory. */
  died(): void;
  /** The connection broke: nobody learns what came of the statement. */
  lost(point: StatementPoint): void;
}

/** The one connection that the embedded database has; who comes first is served first. */
export class Line {
  #tail: Promise<void> = Promise.resolve();
  #taken = 0;

  get isIdle(): boolean {
    return this.#taken === 0;
  }

  /** Gives the function that hands the line on. */
  async take(): Promise<() => void> {
    const before = this.#tail;
    let free = (): void => {};
    this.#tail = new Promise((resolve) => {
      free = resolve;
    });
    this.#taken += 1;
    await before;
    return () => {
      this.#taken -= 1;
      free();
    };
  }
}

type Adapter = Awaited<ReturnType<PrismaPGlite['connect']>>;
type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>;
type Query = Parameters<Adapter['queryRaw']>[0];

/** As a driver says that its connection broke; Prisma knows such errors by their name. */
class ConnectionLost extends Error {
  override readonly name = 'DriverAdapterError';
  override readonly cause = { kind: 'ConnectionClosed' };
}

/** The ledger's write to wallets that it remembers: all of a transaction in one statement. */
export const isCarefulWrite = (sql: string): boolean => sql.includes('refuse_stale');

/** The connection of one process to the database, with all that can go wrong between any two statements. */
export class Connection {
  readonly #pglite: PGlite;
  readonly #line: Line;
  readonly #weather: Weather;
  #dead = false;

  constructor(pglite: PGlite, line: Line, weather: Weather) {
    this.#pglite = pglite;
    this.#line = line;
    this.#weather = weather;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** A database as the service wants it, on this connection. */
  open(kind: Database['kind']): Database {
    const inner = new PrismaPGlite(this.#pglite);
    const prisma = new PrismaClient({
      adapter: {
        provider: inner.provider,
        adapterName: inner.adapterName,
        connect: async () => this.#wrap(await inner.connect()),
      },
      transactionOptions: { maxWait: 60_000, timeout: 60_000 },
    });
    return {
      prisma,
      kind,
      concurrentBatches: kind === 'embedded' ? 1 : 2,
      runScript: async (sql) => {
        await this.#pglite.exec(sql);
      },
      exclusively: (_kind, work) => work(),
      // All processes of a simulation are in this one, and their clocks are moved together.
      follow: async () => nobodyElse,
      openChannel: async () => ({ tell: async () => {}, close: async () => {} }),
      close: () => prisma.$disconnect(),
    };
  }

  #wrap(adapter: Adapter): Adapter {
    const { provider, adapterName } = adapter;
    const alone = async <Result>(query: Query, work: () => Promise<Result>): Promise<Result> => {
      const free = await this.#line.take();
      try {
        return await this.#attempt(
          { kind: 'statement', sql: query.sql, isRunAgain: isCarefulWrite(query.sql) },
          query.args,
          work,
        );
      } finally {
        free();
      }
    };
    return {
      provider,
      adapterName,
      queryRaw: (query) => alone(query, () => adapter.queryRaw(query)),
      executeRaw: (query) => alone(query, () => adapter.executeRaw(query)),
      executeScript: (script) => adapter.executeScript(script),
      startTransaction: async () => {
        const free = await this.#line.take();
        try {
          if (this.#dead) throw new ProcessDied();
          return this.#wrapTransaction(await adapter.startTransaction(), free);
        } catch (error) {
          free();
          throw error;
        }
      },
      ...(adapter.getConnectionInfo === undefined ? {} : { getConnectionInfo: () => this.#info(adapter) }),
      dispose: () => adapter.dispose(),
    };
  }

  #info(adapter: Adapter) {
    return adapter.getConnectionInfo?.() ?? { supportsRelationJoins: true };
  }

  #wrapTransaction(transaction: Transaction, free: () => void): Transaction {
    const { provider, adapterName, options } = transaction;
    let isOver = false;
    const end = async (how: 'commit' | 'rollback'): Promise<void> => {
      if (isOver) return;
      isOver = true;
      try {
        await transaction[how]();
      } finally {
        free();
      }
    };
    const within = async <Result>(query: Query, work: () => Promise<Result>): Promise<Result> => {
      if (isOver) throw new ConnectionLost();
      try {
        return await this.#attempt({ kind: 'statement', sql: query.sql, isRunAgain: true }, query.args, work);
      } catch (error) {
        // Whoever is gone has no transaction any more.
        if (error instanceof ConnectionLost || error instanceof ProcessDied) await end('rollback');
        throw error;
      }
    };
    return {
      provider,
      adapterName,
      options,
      queryRaw: (query) => within(query, () => transaction.queryRaw(query)),
      executeRaw: (query) => within(query, () => transaction.executeRaw(query)),
      commit: async () => {
        if (isOver) throw new ConnectionLost();
        try {
          await this.#attempt({ kind: 'commit', sql: 'COMMIT', isRunAgain: true }, [], () => end('commit'));
        } finally {
          await end('rollback');
        }
      },
      rollback: () => end('rollback'),
    };
  }

  async #attempt<Result>(
    point: StatementPoint,
    values: readonly unknown[],
    work: () => Promise<Result>,
  ): Promise<Result> {
    // On its way to the database; answers that were given before arrive meanwhile.
    await turn();
    if (this.#dead) throw new ProcessDied();
    const fault = this.#weather.next(point);
    if (fault === 'die before') throw this.#die();
    if (fault === 'lose before') throw this.#lose(point);
    const result = await work();
    this.#weather.done(point, values);
    if (fault === 'die after') throw this.#die();
    if (fault === 'lose after') throw this.#lose(point);
    return result;
  }

  #die(): ProcessDied {
    this.#dead = true;
    this.#weather.died();
    return new ProcessDied();
  }

  #lose(point: StatementPoint): ConnectionLost {
    this.#weather.lost(point);
    return new ConnectionLost();
  }
}

/** What code of a process meets that has died: it comes to nothing and no further. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}
