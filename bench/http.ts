import { loadOverHttp, type LoadResult } from './http-load.ts';
import { gatherStatistics } from './postgres.ts';
import type { Report } from './report.ts';
import type { Comparison, Side } from './rounds.ts';
import { runBench, type RunOptions } from './run.ts';
import { type HttpQuery, type HttpServerName, openHttpServers } from './sides/http-servers.ts';

const connections = 64;

/** Who is asked what; the bare server has an answer ready, so that it stands for no reading. */
const measured: readonly (readonly [HttpQuery, readonly HttpServerName[]])[] = [
  ['typename', ['ours', 'yoga', 'mercurius', 'bare']],
  ['models', ['ours', 'yoga', 'mercurius', 'bare']],
  ['wallet', ['ours', 'yoga', 'mercurius', 'postgraphile']],
];

const ratio = (query: HttpQuery, divisor: HttpServerName, target: string | null): Comparison => ({
  name: `${query}, ours / ${divisor}`,
  dividend: `${query}, ours`,
  divisor: `${query}, ${divisor}`,
  target,
});

const comparisons: readonly Comparison[] = [
  ratio('typename', 'mercurius', '>= 0.9'),
  ratio('typename', 'bare', null),
  ratio('typename', 'yoga', null),
  ratio('models', 'bare', '>= 0.9'),
  ratio('models', 'mercurius', '>= 1.2'),
  ratio('models', 'yoga', null),
  ratio('wallet', 'mercurius', '>= 1.3'),
  ratio('wallet', 'postgraphile', '>= 3'),
  ratio('wallet', 'yoga', null),
  {
    name: 'wallet, p99 ours / mercurius',
    dividend: 'wallet p99, ours',
    divisor: 'wallet p99, mercurius',
    target: '<= 1',
  },
];

const notes = [
  'Ours: the server as it ships. Yoga: our schema and services behind Yoga as its documentation sets it up. Mercurius: the\n' +
    'same contract and data with its compiler, resolvers and SQL by hand for what is asked. PostGraphile: the schema that it\n' +
    'makes of the same tables, without a sign-in. Bare: node:http and JSON.stringify.',
  'typename and models come without a key, wallet with one. The load comes from a process of its own on the same cores.',
];

/** Our GraphQL endpoint against other ways to answer the same over HTTP. */
export function benchHttp(options: RunOptions): Promise<Report> {
  return runBench('http', options, async (postgres, addCloser) => {
    const url = await postgres.newDatabase('bench_http');
    options.say('Starting the servers.');
    const servers = await openHttpServers(url);
    addCloser(() => servers.close());
    await gatherStatistics(url);

    const load = (query: HttpQuery, name: HttpServerName, seconds: number): Promise<LoadResult> =>
      loadOverHttp(
        {
          connections,
          seconds,
          url: `${servers.origin(name)}${name === 'bare' ? `/${query}` : '/graphql'}`,
          headers: {
            'content-type': 'application/json',
            ...(query === 'wallet' ? { authorization: `Bearer ${servers.key}` } : {}),
          },
        },
        JSON.stringify({ query: servers.queryFor(name, query) }),
      );
    const rates = measured.flatMap(([query, names]) =>
      names.map((name): Side => ({
        name: `${query}, ${name}`,
        unit: 'per second',
        target: null,
        run: async (seconds) => (await load(query, name, seconds)).requestsPerSecond,
      })),
    );
    const latencies = (['ours', 'mercurius'] as const).map((name): Side => ({
      name: `wallet p99, ${name}`,
      unit: 'ms',
      target: null,
      run: async (seconds) => (await load('wallet', name, seconds)).p99Ms,
    }));
    options.say('Warming up.');
    for (const [query, names] of measured) for (const name of names) await load(query, name, 1);
    return { sides: [...rates, ...latencies], comparisons, ranWith: { Connections: connections }, notes };
  });
}
