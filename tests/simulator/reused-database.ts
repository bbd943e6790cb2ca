import { PGlite } from '@electric-sql/pglite';

/** After some 480 runs PGlite waits for ever in a DROP: nothing in it clears away the files of dropped tables. */
const mostRuns = 100;

/** An open database for one run after the other, which is much quicker than a new one each time. */
export class ReusedDatabase {
  #pglite: PGlite | null = null;
  #runs = 0;

  /** The database for the next run, which drops what it finds. */
  async next(): Promise<PGlite> {
    if (this.#runs % mostRuns === 0) await this.close();
    this.#runs += 1;
    this.#pglite ??= await PGlite.create();
    return this.#pglite;
  }

  async close(): Promise<void> {
    await this.#pglite?.close();
    this.#pglite = null;
  }
}
