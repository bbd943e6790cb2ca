import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** What autocannon measured. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

const resultSchema = z.object({
  requests: z.object({ average: z.number() }),
  latency: z.object({ p99: z.number() }),
  errors: z.number(),
  timeouts: z.number(),
  non2xx: z.number(),
});

const autocannon = createRequire(import.meta.url).resolve('autocannon');

/** For some seconds, or so many requests in all. */
type Length = { readonly seconds: number } | { readonly requests: number };

/** Posts one body over so many connections from a process of its own. Throws when one answer was not a success. */
export async function loadOverHttp(
  options: Length & { connections: number; url: string; headers: Readonly<Record<string, string>> },
  body: string,
): Promise<LoadResult> {
  const { connections, url } = options;
  const length = 'requests' in options ? ['-a', String(options.requests)] : ['-d', String(options.seconds)];
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await run(process.execPath, [
    autocannon,
    ...['--json', '-c', String(connections), ...length, '-m', 'POST', ...headers, '-b', body, url],
  ]);
  const { requests, latency, errors, timeouts, non2xx } = resultSchema.parse(JSON.parse(stdout));
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${url}: ${errors} errors, ${timeouts} timeouts, ${non2xx} answers that were no success.`);
  }
  return { requestsPerSecond: requests.average, p99Ms: latency.p99 };
}
