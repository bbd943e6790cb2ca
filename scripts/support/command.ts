import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Something that keeps a command from doing its work at all. */
export class CannotRun extends Error {}

/** The options of every command that talks to a running server. */
export const serverOptions = {
  url: { type: 'string' },
  key: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** What the usage of such a command says of them. */
export const serverUsage = `  --url       where the server is; else WZRD_URL, else http://localhost:4000
  --key       an administrator's key; else WZRD_ADMIN_KEY, else on this machine that of the playground's sandbox`;

/** Runs a command and ends the process with the code that it gives, or with 2 when it could not do its work. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** The arguments of a command. Throws {@link CannotRun}, with its usage, for what it does not take. */
export function readArguments<Config extends ParseArgsConfig>(config: Config, usage: string) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new CannotRun(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
