import { loadOverHttp } from './http-load.ts';
import type { Report } from './report.ts';
import type { Side } from './rounds.ts';
import { runBench, type RunOptions } from './run.ts';
import { type HttpQuery, openHttpServers } from './sides/http-servers.ts';

const connections = 64;
const queries: readonly HttpQuery[] = ['typename', 'models', 'wallet'];
const first = 'after 100,000 requests';
const last = 'after 1,000,000 requests';

const notes = [
  'A third each of typename, models and wallet, one after the other. The other servers of the benchmark stand idle.',
];

/** What our server keeps of a million requests. */
export function benchMemory({ say }: Pick<RunOptions, 'say'>): Promise<Report> {
  return runBench('memory', { rounds: 1, seconds: 0, say }, async (postgres, addCloser) => {
    const servers = await openHttpServers(await postgres.newDatabase('bench_memory'));
    addCloser(() => servers.close());
    const ask = async (requests: number): Promise<number> => {
      for (const query of queries) {
        const headers = {
          'content-type': 'application/json',
          ...(query === 'wallet' ? { authorization: `Bearer ${servers.key}` } : {}),
        };
        const url = `${servers.origin('ours')}/graphql`;
        const options = { connections, requests: Math.round(requests / queries.length), url, headers };
        await loadOverHttp(options, JSON.stringify({ query: servers.queryFor('ours', query) }));
      }
      return servers.residentMebibytes('ours');
    };
    const side = (name: string, requests: number): Side => ({
      name,
      unit: 'MiB',
      target: null,
      run: () => ask(requests),
    });
    const sides = [side(first, 100_000), side(last, 900_000)];
    const comparisons = [{ name: `${last} / ${first}`, dividend: last, divisor: first, target: '<= 1.1' }];
    return { sides, comparisons, ranWith: { Connections: connections }, notes };
  });
}
