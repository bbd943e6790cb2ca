import { parseArgs } from 'node:util';

/** How hard, how long and with which decisions the servers are tried. */
export interface Settings {
  readonly seconds: number;
  readonly processes: number;
  readonly clients: number;
  readonly wallets: number;
  /** What the clients decide follows from it, though not when. */
  readonly seed: number;
  /** How many times a server is killed; 0: never. */
  readonly kills: number;
  /** How long may pass after the load until nothing is under way; 0: that is not waited for. */
  readonly settleWithinSeconds: number;
}

/** How to call it. */
export const usage = `npm run stress -- [--kill] [--seconds 60] [--processes 4] [--clients 64] [--wallets 20] [--seed N]

Starts a PostgreSQL and several server processes on it, loads them over HTTP, and checks that every credit and every
acknowledged effect is there.

  --kill       kill -9 of a random process every two seconds on the average, which is started again at once
  --seconds    how long the load lasts
  --processes  how many servers
  --clients    how many clients, each with one request after the other
  --wallets    how many wallets, of which one gets half of the load
  --seed       a number from which all decisions of the clients follow

Ends with 0 when all checks are ok, with 1 otherwise.
`;

/** A step's lease, the wait for a request whose fate is unknown, the longest sandbox result, and work left over. */
const settleWithinSeconds = 60 + 60 + 30 + 60;
const secondsPerKill = 2;

/** Reads the command line; null when help was asked for. Throws when it is not right. */
export function readSettings(args: readonly string[]): Settings | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kill: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
      processes: { type: 'string', default: '4' },
      clients: { type: 'string', default: '64' },
      wallets: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const number = (name: 'seconds' | 'processes' | 'clients' | 'wallets' | 'seed', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number from ${least} on.`);
    return value;
  };
  const seconds = number('seconds', 1);
  return {
    seconds,
    // One of them must be there while another is killed.
    processes: number('processes', values.kill ? 2 : 1),
    clients: number('clients', 1),
    wallets: number('wallets', 2),
    seed: number('seed', 0),
    kills: values.kill ? Math.ceil(seconds / secondsPerKill) : 0,
    settleWithinSeconds,
  };
}
