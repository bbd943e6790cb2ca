/** The database cannot be opened; the message says which, why and what to do, and has no password. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(what: string, cause: unknown, remedy: string) {
    // Prisma puts what its driver said last, after lines of its own.
    const said = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n').at(-1) ?? '';
    const reason = (/Message: `(.*)`/.exec(said)?.[1] ?? said).replace(/\.$/, '');
    super(`${what} cannot be used: ${reason}. ${remedy}`, { cause });
  }
}
