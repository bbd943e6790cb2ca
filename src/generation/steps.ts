import type { Catalog, Model } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler, StepResult } from '../jobs/index.ts';
import type { AccountId, History, Instant, Ledger } from '../ledger/index.ts';
import type {
  JsonObject,
  ProviderAdapter,
  ProviderAsset,
  ProviderRequest,
  ProviderResult,
  ProviderState,
} from '../providers/index.ts';
import type { AssetStorage } from './asset-storage.ts';
import type { AssetUrls } from './asset-urls.ts';
import type { Attempt } from './callbacks.ts';
import { readModelInput } from './check-input.ts';
import {
  findGeneration,
  markRunning,
  markSubmitting,
  recordLateRequest,
  unmarkSubmitting,
  writeProgress,
} from './generation.store.ts';
import { attachEnding, ending, holdIdOf } from './generations.ts';
import { RemoteFileError, type RemoteFiles } from './remote-files.ts';
import type { Asset, Generation, GenerationFailure, GenerationId } from './types.ts';

export interface StepDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly history: History;
  readonly storage: AssetStorage;
  /** Where the files of providers come from. */
  readonly remoteFiles: Pick<RemoteFiles, 'fetch'>;
  readonly assetUrls: Pick<AssetUrls, 'urlOf' | 'fileIdIn'>;
  /** Where a provider may say that an attempt has ended; null when it cannot reach this server. */
  readonly callbackUrlOf: (attempt: Attempt) => string | null;
  readonly sandboxMode: boolean;
  /** Who runs a model; null when nobody can. */
  readonly providerOf: (model: Model) => ProviderAdapter | null;
  /** As in `generations.ts`: the capture of a lapsed hold takes its price anew. */
  readonly afterSpending: (accountId: AccountId) => void;
  /** Told of an account of which a generation has changed without its wallet; must neither throw nor take time. */
  readonly onChange: (accountId: AccountId) => void;
}

/** What a provider may take in all, from the moment that it accepted. */
const providerDeadlineMs = 30 * 60_000;
/** A hold that would end sooner than this is extended while the provider works. */
const extendBelowMs = 10 * 60_000;
/** How long a request whose fate is unknown waits for its provider to speak up. */
const orphanWaitMs = 60_000;
const mostSubmitAttempts = 8;

const done: StepResult = { kind: 'done' };
const interrupted: GenerationFailure = {
  code: 'INTERNAL',
  message: 'The generation was interrupted before the provider had confirmed it. Nothing was charged; try again.',
  retryable: true,
};
const tookTooLong: GenerationFailure = {
  code: 'PROVIDER_TIMEOUT',
  message: 'The provider took too long. Nothing was charged; try again.',
  retryable: true,
};

/** The steps by which a queued generation comes to its end. Each may be repeated at any point without harm. */
export function createSteps(dependencies: StepDependencies): { submit: JobHandler; poll: JobHandler } {
  const { database, clock } = dependencies;
  const later = (ms: number): Instant => (clock.now() + ms) as Instant; // A later instant is an instant.

  const load = async (subjectId: string): Promise<Running | null> => {
    const generation = await findGeneration(database.prisma, subjectId as GenerationId); // Jobs are made by `generate`.
    if (generation === null || generation.completedAt !== null) return null;
    return { generation, ...targetOf(dependencies, generation) };
  };

  const submit: JobHandler = async (job) => {
    const running = await load(job.subjectId);
    if (running === null) return done;
    const { generation, provider, request } = running;
    // The process ended between accepting and recording, or before it: the request is already with the provider.
    if (generation.providerRequestId !== null) return { kind: 'next', job: 'POLL', dueAt: clock.now() };
    if (generation.submittingAt !== null) {
      const giveUpAt = (generation.submittingAt + orphanWaitMs) as Instant; // As above.
      if (clock.now() < giveUpAt) return { kind: 'next', job: 'SUBMIT', dueAt: giveUpAt };
      return fail(dependencies, generation, interrupted);
    }
    if (provider === null || request === null) {
      return fail(dependencies, generation, {
        code: 'PROVIDER_ERROR',
        message: 'Nobody can run this model any more. Nothing was charged; choose another model.',
        retryable: false,
      });
    }
    const submittingAt = clock.now();
    if (!(await markSubmitting(database.prisma, generation, submittingAt))) return done;
    const callbackUrl = dependencies.callbackUrlOf({ generationId: generation.id, submittingAt });
    const submission = await provider.submit({ ...request, callbackUrl });
    switch (submission.kind) {
      case 'accepted': {
        const recorded = await markRunning(database.prisma, generation, submission.requestId, clock.now());
        dependencies.onChange(generation.accountId);
        if (recorded) return { kind: 'next', job: 'POLL', dueAt: clock.now() };
        await recordLateRequest(database.prisma, generation, submission.requestId);
        await provider.cancel(submission.requestId, request);
        return done;
      }
      case 'unavailable': {
        await unmarkSubmitting(database.prisma, generation);
        if (job.attempts >= mostSubmitAttempts) {
          return fail(dependencies, generation, {
            code: 'PROVIDER_ERROR',
            message: 'The provider takes no requests at the moment. Nothing was charged; try again later.',
            retryable: true,
          });
        }
        const delayMs = submission.retryAfterMs ?? 1_000 * 2 ** (job.attempts - 1);
        return { kind: 'next', job: 'SUBMIT', dueAt: later(delayMs), error: 'The provider takes no requests.' };
      }
      case 'failed':
        return fail(dependencies, generation, submission.failure);
    }
  };

  const poll: JobHandler = async (job) => {
    const running = await load(job.subjectId);
    if (running === null) return done;
    const { generation, provider, request } = running;
    if (provider === null || request === null || generation.providerRequestId === null) {
      return fail(dependencies, generation, interrupted);
    }
    const { providerRequestId } = generation;
    const isOverdue = clock.now() - (generation.startedAt ?? generation.createdAt) >= providerDeadlineMs;
    const giveUp = async (): Promise<StepResult> => {
      const result = await fail(dependencies, generation, tookTooLong);
      await provider.cancel(providerRequestId, request);
      return result;
    };
    let state: ProviderState;
    try {
      state = await provider.check(providerRequestId, request);
    } catch (error) {
      // It is asked again, but not for ever.
      if (isOverdue) return giveUp();
      throw error;
    }
    switch (state.kind) {
      case 'working':
        if (isOverdue) return giveUp();
        await noteProgress(dependencies, generation, state);
        await extendHold(dependencies, generation);
        return { kind: 'next', job: 'POLL', dueAt: later(state.checkAfterMs) };
      case 'failed':
        return fail(dependencies, generation, state.failure);
      case 'succeeded':
        return succeed(dependencies, generation, state.result, isOverdue);
    }
  };

  return { submit, poll };
}

interface Target {
  readonly provider: ProviderAdapter | null;
  /** Null when the model is not in the catalog any more. */
  readonly request: ProviderRequest | null;
}

interface Running extends Target {
  readonly generation: Generation;
}

/** Whom to ask for a generation, and what. */
function targetOf({ catalog, providerOf, sandboxMode, assetUrls }: StepDependencies, generation: Generation): Target {
  const snapshot = catalog.snapshot();
  const model = snapshot.modelById.get(generation.modelId);
  if (model === undefined) return { provider: null, request: null };
  // Files of ours that it names get an address that is still good when the provider comes for them.
  const renew = (url: string): string => {
    const fileId = assetUrls.fileIdIn(url);
    return fileId === null ? url : assetUrls.urlOf(fileId);
  };
  const given = {
    prompt: generation.prompt,
    params: renewAddresses(generation.params, renew),
    assets: generation.shots.map((shot) => ({ ...shot, url: renew(shot.url) })),
  };
  // It was checked when it came in; the catalog may have changed since.
  const { input, sandbox } = readModelInput(snapshot, model, given, { sandboxMode });
  const request = { generationId: generation.id, model, input, sandbox, callbackUrl: null };
  return { provider: providerOf(model), request };
}

const renewAddresses = (params: JsonObject, renew: (url: string) => string): JsonObject =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      const renewed = (item: unknown): unknown => (typeof item === 'string' ? renew(item) : item);
      return [name, Array.isArray(value) ? value.map(renewed) : renewed(value)];
    }),
  );

/** Stops a provider's work on a generation that was cancelled, as far as it can still be stopped. */
export async function stopProvider(dependencies: StepDependencies, generation: Generation): Promise<void> {
  const { provider, request } = targetOf(dependencies, generation);
  if (provider === null || request === null || generation.providerRequestId === null) return;
  await provider.cancel(generation.providerRequestId, request);
}

/** Writes down how far the provider is, when that is news. */
async function noteProgress(
  { database, onChange }: StepDependencies,
  generation: Generation,
  state: Extract<ProviderState, { kind: 'working' }>,
): Promise<void> {
  const progress = state.progress ?? generation.progress;
  const text = state.text ?? generation.text;
  if (progress === generation.progress && text === generation.text) return;
  await writeProgress(database.prisma, generation, { progress, text });
  onChange(generation.accountId);
}

async function extendHold(
  { ledger, history, catalog, clock }: StepDependencies,
  generation: Generation,
): Promise<void> {
  const { accountId, id } = generation;
  const hold = await history.hold(accountId, holdIdOf(id));
  if (hold?.status !== 'OPEN' || hold.expiresAt - clock.now() > extendBelowMs) return;
  const lifetimeMs = catalog.snapshot().holdMinutes * 60_000;
  // A hold that has lapsed meanwhile stays lapsed: the capture then takes the price anew.
  await ledger.execute({ accountId, command: { kind: 'extend', holdId: holdIdOf(id), lifetimeMs } });
}

/** Stores the files, then charges and ends the generation in one transaction. */
async function succeed(
  dependencies: StepDependencies,
  generation: Generation,
  result: ProviderResult,
  isOverdue: boolean,
): Promise<StepResult> {
  const { ledger, afterSpending } = dependencies;
  const { accountId, id } = generation;
  let assets: Asset[];
  try {
    assets = await storeAssets(dependencies, generation, result.assets);
  } catch (error) {
    if (!(error instanceof RemoteFileError)) throw error;
    if (error.isPassing && !isOverdue) {
      // They are fetched again, and that may take its time.
      await extendHold(dependencies, generation);
      throw error;
    }
    return fail(dependencies, generation, {
      code: 'PROVIDER_ERROR',
      message: `The provider's result could not be fetched. ${error.message} Nothing was charged; try again.`,
      retryable: true,
    });
  }
  const answer = await ledger.execute({
    accountId,
    command: { kind: 'capture', holdId: holdIdOf(id), amount: null },
    attach: (_effect, now) => [
      attachEnding(
        ending(generation, {
          status: 'SUCCEEDED',
          creditsCharged: generation.credits,
          text: result.text,
          output: result.output,
          assets,
          completedAt: now,
        }),
      ),
    ],
  });
  if (answer.kind === 'applied') {
    afterSpending(accountId);
    return done;
  }
  if (answer.kind === 'refused' && answer.refusal.kind === 'HOLD_EXPIRED') {
    return fail(dependencies, generation, {
      code: 'HOLD_EXPIRED',
      message: 'The credits held for this generation were freed before it ended, and too few are left to pay for it.',
      retryable: true,
    });
  }
  // It was cancelled while the provider worked: the result is dropped.
  if (answer.kind === 'refused' && answer.refusal.kind === 'ALREADY_SETTLED') return done;
  throw new Error(`The ledger did not capture ${id}: ${JSON.stringify(answer)}.`);
}

/** Stores the files of a result, all of them or none. */
async function storeAssets(
  { storage, ids, remoteFiles }: StepDependencies,
  { accountId, id: generationId }: Generation,
  made: readonly ProviderAsset[],
): Promise<Asset[]> {
  const stored: string[] = [];
  const store = async (asset: ProviderAsset, position: number): Promise<Asset> => {
    const { width, height, durationSeconds } = asset;
    const { mimeType, content } = 'url' in asset ? await remoteFiles.fetch(asset.url) : asset;
    const id = ids.next('asset');
    stored.push(id);
    const bytes = await storage.write(id, content);
    return { id, accountId, generationId, position, mimeType, bytes, width, height, durationSeconds };
  };
  const outcomes = await Promise.allSettled(made.map(store));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined)
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  await Promise.all(stored.map((id) => storage.remove(id)));
  throw failure.reason;
}

/** Gives the credits back and ends the generation in one transaction. */
async function fail(
  { ledger }: StepDependencies,
  generation: Generation,
  failure: GenerationFailure,
): Promise<StepResult> {
  const { accountId, id } = generation;
  const answer = await ledger.execute({
    accountId,
    command: { kind: 'release', holdId: holdIdOf(id) },
    attach: (_effect, now) => [attachEnding(ending(generation, { status: 'FAILED', failure, completedAt: now }))],
  });
  if (answer.kind === 'applied') return done;
  if (answer.kind === 'refused' && answer.refusal.kind === 'ALREADY_SETTLED') return done;
  throw new Error(`The ledger did not release ${id}: ${JSON.stringify(answer)}.`);
}
