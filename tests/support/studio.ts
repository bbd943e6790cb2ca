import { adminKey, type TestApp } from './test-app.ts';

/** All that the results of mutations may have; `__typename` says which of it is there. */
export interface Answer {
  readonly __typename: string;
  readonly id?: string;
  readonly status?: string;
  readonly replayed?: boolean;
  readonly creditsHeld?: number;
  readonly creditsCharged?: number;
  readonly creditsRefunded?: number;
  readonly model?: { readonly id: string };
  readonly failure?: { readonly code: string; readonly retryable: boolean } | null;
  readonly fundings?: readonly { readonly amount: number; readonly grant: { readonly id: string } }[];
  readonly assets?: readonly { readonly url: string }[];
  readonly code?: string;
  readonly message?: string;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
  readonly available?: number;
}

export interface WalletNumbers {
  readonly available: number;
  readonly held: number;
}

export interface GrantNumbers {
  readonly id: string;
  readonly state: string;
  readonly amount: number;
  readonly pending: number;
  readonly remaining: number;
  readonly held: number;
  readonly consumed: number;
  readonly expired: number;
  readonly revoked: number;
}

const generationFields = `
  id operation status prompt params metadata creditsHeld creditsCharged creditsRefunded progress text output replayed
  createdAt startedAt completedAt model { id } failure { code message retryable } fundings { amount grant { id } }
  assets { id url mimeType }`;

/** Of every expected failure, whatever union it is in. */
const errorFields = `... on Error {
  code message
  ... on InsufficientCreditsError {
    required available held debt shortfall topUpUrl upgradeUrl suggestedPack { code credits }
  }
  ... on UnknownModelError { modelId suggestions { id } }
  ... on ModelUnavailableError { model { id } }
  ... on InvalidInputError { issues { path message } }
  ... on IdempotencyConflictError { idempotencyKey }
  ... on PriceChangedError { quoted current }
  ... on NotCancelableError { status }
  ... on BusyError { retryAfterMs }
}`;

export const generateDocument = `mutation ($input: GenerateInput!) {
  generate(input: $input) { __typename ... on Generation { ${generationFields} } ${errorFields} }
}`;

/** A text model of the catalog, 3 credits a call; its results are made quickly. */
export const mini = { modelId: 'gmi/openai-o4-mini', prompt: 'A haiku about rain' } as const;
/** A text to image model, 3 credits a call. */
export const schnell = { modelId: 'fal-ai/flux/schnell', prompt: 'A lighthouse in the rain' } as const;
/** The default image model, 4 credits a call. */
export const banana = { modelId: 'fal-ai/nano-banana-2', prompt: 'A lighthouse in the rain' } as const;

/** A text to video model, 25 credits a call. */
export const veo = { modelId: 'fal-ai/veo3/fast', prompt: 'A lighthouse in the rain' } as const;

/** Speaks to a server as clients and administrators do. Every answer without `errors`; those throw. */
export function createStudio(app: Pick<TestApp, 'graphql'>) {
  const ask = async <Data>(
    query: string,
    options: { variables?: Record<string, unknown>; key?: string | null; headers?: Record<string, string> },
  ): Promise<Data> => {
    const { data, errors } = await app.graphql<Data>(query, options);
    if (errors.length > 0) throw new Error(`The request failed: ${JSON.stringify(errors)}`);
    return data;
  };
  const generate = async (
    key: string,
    input: Record<string, unknown>,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    (await ask<{ generate: Answer }>(generateDocument, { key, variables: { input }, headers })).generate;
  const grants = async (key: string): Promise<GrantNumbers[]> =>
    (
      await ask<{ wallet: { grants: { nodes: GrantNumbers[] } } }>(
        `{ wallet { grants(first: 100) {
          nodes { id state amount pending remaining held consumed expired revoked }
        } } }`,
        { key },
      )
    ).wallet.grants.nodes;

  return {
    ask,
    generate,
    /** Generates and gives the id; throws unless it was queued. */
    queue: async (key: string, input: Record<string, unknown> = mini): Promise<string> => {
      const answer = await generate(key, input);
      if (answer.__typename !== 'Generation' || answer.id === undefined) throw new Error(JSON.stringify(answer));
      return answer.id;
    },
    generation: async (key: string, id: string): Promise<Answer | null> =>
      (
        await ask<{ generation: Answer | null }>(
          `query ($id: ID!) { generation(id: $id) { __typename ${generationFields} } }`,
          { key, variables: { id } },
        )
      ).generation,
    cancel: async (key: string, id: string): Promise<Answer> =>
      (
        await ask<{ cancelGeneration: Answer }>(
          `mutation ($id: ID!) { cancelGeneration(id: $id) {
            __typename ... on Generation { ${generationFields} } ${errorFields}
          } }`,
          { key, variables: { id } },
        )
      ).cancelGeneration,
    wallet: async (key: string): Promise<WalletNumbers> =>
      (await ask<{ wallet: WalletNumbers }>('{ wallet { available held } }', { key })).wallet,
    grants,
    /** One grant of a wallet as it is now. */
    grant: async (key: string, id: string): Promise<GrantNumbers> => {
      const grant = (await grants(key)).find((candidate) => candidate.id === id);
      if (grant === undefined) throw new Error(`The wallet has no grant ${id}.`);
      return grant;
    },
    /** Gives credits as an administrator does; `expiresAt` and the like stand in `more`. */
    giveCredits: async (accountId: string, credits: unknown, more: Record<string, unknown> = {}): Promise<Answer> =>
      (
        await ask<{ grantCredits: Answer }>(
          `mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) {
            __typename ... on Grant { id state } ${errorFields}
          } }`,
          {
            key: adminKey,
            variables: {
              input: { accountId, credits, reason: 'For a test', idempotencyKey: crypto.randomUUID(), ...more },
            },
          },
        )
      ).grantCredits,
    voidGrant: async (id: string, more: Record<string, unknown> = {}): Promise<Answer> =>
      (
        await ask<{ voidGrant: Answer }>(
          `mutation ($input: VoidGrantInput!) { voidGrant(input: $input) {
            __typename ... on Grant { id state } ${errorFields} ... on GrantNotVoidableError { state }
          } }`,
          { key: adminKey, variables: { input: { id, reason: 'For a test', ...more } } },
        )
      ).voidGrant,
    refund: async (id: string, credits: number | null = null, more: Record<string, unknown> = {}): Promise<Answer> =>
      (
        await ask<{ refundGeneration: Answer }>(
          `mutation ($input: RefundGenerationInput!) { refundGeneration(input: $input) {
            __typename ... on Generation { ${generationFields} } ${errorFields}
          } }`,
          {
            key: adminKey,
            variables: { input: { id, credits, reason: 'For a test', idempotencyKey: crypto.randomUUID(), ...more } },
          },
        )
      ).refundGeneration,
    /** Sets a price or enables or disables a model as an administrator does. */
    updateModel: async (id: string, change: { credits?: number; enabled?: boolean }): Promise<Answer> =>
      (
        await ask<{ updateModel: Answer }>(
          `mutation ($input: UpdateModelInput!) { updateModel(input: $input) {
            __typename ... on Model { id credits label isAvailable: available } ${errorFields}
          } }`,
          { key: adminKey, variables: { input: { id, ...change } } },
        )
      ).updateModel,
  };
}

export type Studio = ReturnType<typeof createStudio>;

/** How often each type is among answers. */
export function countTypes(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { __typename } of answers) counts[__typename] = (counts[__typename] ?? 0) + 1;
  return counts;
}
