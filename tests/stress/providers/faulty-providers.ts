import { systemClock } from '../../../src/clock.ts';
import type { createRandom } from '../../support/random.ts';
import type { FakeFal } from '../../support/providers/fake-fal.ts';
import type { FakeGmi } from '../../support/providers/fake-gmi.ts';
import type { FakeGroq } from '../../support/providers/fake-groq.ts';
import { startLocalProviders } from '../../support/providers/local-providers.ts';
import type { Fault, LocalServer } from '../../support/providers/local-server.ts';

/** Three providers of which every request may go wrong. */
export interface FaultyProviders {
  /** What servers need to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  /** How often each prompt was taken, whoever took it. */
  acceptedByPrompt(): Map<string, number>;
  /** How often something went wrong, by what it was. */
  readonly faults: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

type Random = ReturnType<typeof createRandom>;

/** What goes wrong, each as often as the others. */
const kinds: Readonly<Record<string, (random: Random) => Omit<Fault, 'path'>>> = {
  'cut before it was taken': () => ({ instead: 'cut' }),
  'taken, and the answer cut': () => ({ instead: 'cut', takesEffect: true }),
  'HTTP 500': () => ({ instead: { status: 500, body: { detail: 'Internal error' } } }),
  'HTTP 500 though it was taken': () => ({
    instead: { status: 500, body: { detail: 'Internal error' } },
    takesEffect: true,
  }),
  'HTTP 429': () => ({ instead: { status: 429, headers: { 'retry-after': '1' }, body: { detail: 'Slow down' } } }),
  'no JSON': () => ({ instead: { status: 200, body: '<html>' }, takesEffect: true }),
  'a slow answer': (random) => ({ instead: new Promise((resolve) => setTimeout(resolve, 200 + random.below(2_000))) }),
};

const workEveryMs = 100;

/** Starts fal, GMI Cloud and Groq; `faultPercent` of the requests to them go wrong. */
export async function startFaultyProviders(random: Random, faultPercent: number): Promise<FaultyProviders> {
  const providers = await startLocalProviders(systemClock);
  const { fal, gmi, groq, environment } = providers;
  const faults = new Map<string, number>();
  const misbehave = (server: LocalServer): void =>
    server.misbehave(() => {
      if (random.below(100) >= faultPercent) return null;
      const name = random.pick(Object.keys(kinds));
      faults.set(name, (faults.get(name) ?? 0) + 1);
      return kinds[name]?.(random) ?? null;
    });
  for (const server of [fal, gmi, groq]) misbehave(server);
  const working = setInterval(() => work(random, fal, gmi), workEveryMs);
  return {
    environment,
    acceptedByPrompt: () => countPrompts(fal, gmi, groq),
    faults,
    close: async () => {
      clearInterval(working);
      await providers.close();
    },
  };
}

/** Ends some of the requests that are under way: most of them well, some with a failure. */
function work(random: Random, fal: FakeFal, gmi: FakeGmi): void {
  for (const request of fal.accepted) {
    if (request.status === 'COMPLETED' || request.isCancelled || random.below(20) > 0) continue;
    if (request.status === 'IN_QUEUE') request.status = 'IN_PROGRESS';
    else {
      fal.complete({ images: [{ url: fal.fileUrl('png') }] }, request.id);
      if (random.below(8) === 0) request.result = { status: 422, body: { detail: [{ msg: 'It cannot be painted.' }] } };
    }
  }
  for (const request of gmi.accepted) {
    if (['success', 'failed', 'cancelled'].includes(request.status) || random.below(20) > 0) continue;
    if (request.status !== 'processing') request.status = 'processing';
    else if (random.below(8) === 0) Object.assign(request, { status: 'failed', error: 'It cannot be filmed.' });
    else Object.assign(request, { status: 'success', outcome: { media_urls: [{ id: '0', url: gmi.fileUrl('mp4') }] } });
  }
}

/** Prompts are the one thing that every protocol carries as it stands; those of a run all differ. */
function countPrompts(fal: FakeFal, gmi: FakeGmi, groq: FakeGroq): Map<string, number> {
  const counts = new Map<string, number>();
  const taken = [
    ...fal.accepted.map(({ input }) => input),
    ...gmi.accepted.map(({ payload }) => payload),
    ...gmi.chat.accepted,
    ...groq.chat.accepted,
  ];
  for (const input of taken) {
    const [prompt = JSON.stringify(input)] = /story \d+ of run \d+/.exec(JSON.stringify(input)) ?? [];
    counts.set(prompt, (counts.get(prompt) ?? 0) + 1);
  }
  return counts;
}
