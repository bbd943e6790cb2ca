import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { createRandom } from '../support/random.ts';
import { type ServerProcess, startProcess } from '../support/server-process.ts';
import { adminKey } from '../support/test-app.ts';
import { createLogReader, type LogReader } from './logs.ts';

/** Server processes on one database, as a load balancer sees them. */
export interface Servers {
  /** Where the next request goes: each time to another server of those that are up; waits while none is. */
  next(): Promise<string>;
  /** Ends one by SIGKILL, whatever it is doing, and starts it again; false when no other one is up. */
  killOne(random: ReturnType<typeof createRandom>): Promise<boolean>;
  untilAllAreUp(): Promise<void>;
  /** Ends all of them by SIGTERM. */
  stop(): Promise<void>;
  readonly kills: () => number;
  /** What went wrong with the processes themselves. */
  readonly faults: readonly string[];
  readonly logs: LogReader;
}

interface Place {
  readonly dataDir: string;
  process: ServerProcess;
  /** Null while it is not up. */
  origin: string | null;
}

const upWithinMs = 60_000;
const lookEveryMs = 20;

/** Starts so many servers on a database at once, and waits until all are up. */
export async function startServers(
  count: number,
  databaseUrl: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'wzrd-stress-'));
  const faults: string[] = [];
  const logs = createLogReader();
  const killed = new Set<ServerProcess>();
  const endings: Promise<void>[] = [];
  let stopping = false;
  let turn = 0;
  let kills = 0;

  const start = (dataDir: string): ServerProcess =>
    startProcess({
      DATABASE_URL: databaseUrl,
      BILLING_MODE: 'sandbox',
      ADMIN_API_KEY: adminKey,
      DATA_DIR: dataDir,
      ...environment,
    });

  const watch = (place: Place): void => {
    const server = place.process;
    server.origin().then(
      (origin) => {
        if (!killed.has(server)) place.origin = origin;
      },
      () => {}, // It ended, which is noted below.
    );
    endings.push(
      server.ended().then((code) => {
        const wasKilled = killed.has(server);
        logs.read(server.output.stderr, wasKilled);
        if (wasKilled) return;
        if (!stopping) place.origin = null;
        if (!stopping || code !== 0)
          faults.push(`A server ended by itself with ${code}: ${server.output.stderr.slice(-500)}`);
      }),
    );
  };

  const places = Array.from({ length: count }, (_, index): Place => {
    const dataDir = join(folder, String(index));
    const place = { dataDir, process: start(dataDir), origin: null };
    watch(place);
    return place;
  });
  const areUp = (): Place[] => places.filter(({ origin }) => origin !== null);
  const untilUp = async (least: number): Promise<void> => {
    const giveUpAt = performance.now() + upWithinMs;
    while (areUp().length < least) {
      if (performance.now() > giveUpAt)
        throw new Error(`Of ${count} servers, ${areUp().length} are up: ${faults.join(' ')}`);
      await wait(lookEveryMs);
    }
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const { process } of places) process.child.kill('SIGTERM');
    await Promise.all(endings);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await untilUp(count);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    next: async () => {
      for (;;) {
        const up = areUp();
        turn += 1;
        const origin = up[turn % Math.max(1, up.length)]?.origin;
        if (origin != null) return origin;
        await untilUp(1);
      }
    },
    killOne: async (random) => {
      const place = random.pick(places);
      if (!areUp().some((other) => other !== place)) return false;
      killed.add(place.process);
      place.origin = null;
      kills += 1;
      await place.process.end('SIGKILL');
      place.process = start(place.dataDir);
      watch(place);
      return true;
    },
    untilAllAreUp: () => untilUp(count),
    stop,
    kills: () => kills,
    faults,
    logs,
  };
}
