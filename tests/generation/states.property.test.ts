import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createScriptedProvider, type ScriptedProvider, succeeded } from '../support/scripted-provider.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** The table of src/generation/README.md: what becomes of a state by an event. */
function readTable(): Map<string, ReadonlyMap<string, string>> {
  const text = readFileSync('src/generation/README.md', 'utf8');
  const lines = text.slice(text.indexOf('## Every state and every event')).split('\n');
  const rows = lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [[, ...states] = [], , ...events] = rows;
  return new Map(
    events.map(([event = '', ...cells]) => [event, new Map(states.map((state, index) => [state, cells[index] ?? '']))]),
  );
}

const table = readTable();
const events = [...table.keys()];
/** How each state is come to. */
const paths: Readonly<Record<string, readonly string[]>> = {
  QUEUED: [],
  SUBMITTING: ['the provider does not answer'],
  RUNNING: ['the provider takes it and works'],
  SUCCEEDED: ['the provider succeeds'],
  FAILED: ['the provider fails'],
  CANCELED: ['its owner cancels it'],
};
const pairs = Object.entries(paths).flatMap(([state, path]) => events.map((event) => ({ state, path, event })));

describeOnBoth('The states of a generation', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let provider: ScriptedProvider;
  let stranger: string;

  beforeAll(async () => {
    provider = createScriptedProvider();
    app = await startTestApp(kind, { provider });
    studio = createStudio(app);
    stranger = (await app.newAccount()).key;
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  /** Has the next step done at once, with a provider that answers so. */
  const step = async (
    submission: ScriptedProvider['submissions'][number],
    state: ScriptedProvider['states'][number],
    passedMs = 0,
  ): Promise<void> => {
    app.clock.advance(passedMs);
    provider.submissions.splice(0, Infinity, submission);
    provider.states.splice(0, Infinity, state);
    await app.database.prisma.job.updateMany({ data: { dueAt: new Date(app.clock.now()) } });
    await app.app.jobs.runDue();
  };

  const taken = { kind: 'accepted', requestId: 'request' } as const;
  const working = { kind: 'working', progress: null, checkAfterMs: 60_000 } as const;
  const refusal = { kind: 'failed', failure: { code: 'PROVIDER_REJECTED', message: 'No.', retryable: false } } as const;
  const silence = new Error('The provider does not answer.');
  /** What each event is; gives the type of the answer where somebody asked. */
  const happen: Readonly<Record<string, (key: string, id: string) => Promise<string | undefined | void>>> = {
    'the provider takes it and works': () => step(taken, working),
    'the provider takes nothing now': () => step({ kind: 'unavailable', retryAfterMs: 60_000 }, working),
    'the provider refuses it': () => step(refusal, working),
    'the provider does not answer': () => step(silence, silence),
    'the provider succeeds': () => step(taken, succeeded),
    'the provider fails': () => step(taken, refusal),
    'a minute passes, and it works': () => step(taken, working, 60_000),
    'half an hour passes, and it works': () => step(taken, working, 30 * 60_000),
    'its owner cancels it': async (key, id) => (await studio.cancel(key, id)).__typename,
    'another account cancels it': async (_key, id) => (await studio.cancel(stranger, id)).__typename,
    'an administrator refunds a credit': async (_key, id) => (await studio.refund(id, 1)).__typename,
  };

  const stateOf = async (id: string): Promise<string> => {
    const row = await app.database.prisma.generation.findFirstOrThrow({ where: { id } });
    return row.status === 'QUEUED' && row.submittingAt !== null ? 'SUBMITTING' : row.status;
  };

  /** Takes a new call through events and holds each against the table. */
  const walk = async (path: readonly string[]): Promise<void> => {
    // What an earlier walk has left is of no interest any more.
    await app.database.prisma.job.deleteMany();
    provider.submitted.length = 0;
    const { key } = await app.newAccount();
    const id = await studio.queue(key, mini);
    let state = await stateOf(id);
    for (const event of path) {
      const expected = table.get(event)?.get(state);
      const answer = await happen[event]?.(key, id);
      const next = await stateOf(id);
      const said = `${state}, ${event}`;
      expect(next, said).toBe(expected === 'refused' ? state : expected);
      if (answer !== undefined) expect(answer === 'Generation', said).toBe(expected !== 'refused');
      state = next;
    }
    const generation = await studio.generation(key, id);
    const charged = state === 'SUCCEEDED' ? 3 : 0;
    expect(generation).toMatchObject({ creditsCharged: charged });
    const refunded = generation?.creditsRefunded ?? 0;
    const wallet = await studio.wallet(key);
    // 100 - 3 charged + what was refunded; what is held has not ended, or has lapsed.
    expect(wallet.available + wallet.held).toBe(100 - charged + refunded);
    if (!['QUEUED', 'SUBMITTING', 'RUNNING'].includes(state)) expect(wallet.held).toBe(0);
  };

  it('given the table, when it is read, then it has every state and every event', () => {
    expect(Object.keys(happen)).toEqual(events);
    for (const row of table.values()) expect([...row.keys()]).toEqual(Object.keys(paths));
    for (const cell of [...table.values()].flatMap((row) => [...row.values()])) {
      expect(['refused', ...Object.keys(paths)]).toContain(cell);
    }
  });

  it.each(pairs)('G05 given $state, when $event, then it is as the table says', async ({ state, path, event }) => {
    expect(path.reduce((from, each) => table.get(each)?.get(from) ?? '', 'QUEUED')).toBe(state);
    await walk([...path, event]);
  });

  it('G05 given any sequence of events, when it happens, then each step is as the table says, and nothing is charged twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...events), { minLength: 2, maxLength: 6 }), async (path) => {
        // The third credit of three is the last that can be refunded.
        fc.pre(path.filter((event) => event === 'an administrator refunds a credit').length <= 3);
        await walk(path);
      }),
      { numRuns: 40 },
    );
  });
});
