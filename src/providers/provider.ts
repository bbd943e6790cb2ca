/** A JSON object, as it came from a client or a provider. */
export type JsonObject = { readonly [key: string]: unknown };

/** One call of one model, as a provider needs it. */
export interface ProviderRequest {
  readonly generationId: string;
  readonly model: {
    readonly id: string;
    readonly name: string;
    readonly kind: 'IMAGE' | 'VIDEO' | 'AUDIO' | 'TEXT';
    readonly workflow: string;
  };
  /** The model's own inputs, checked and completed with its defaults. */
  readonly input: JsonObject;
  /** How the sandbox is asked to behave; never passed on to a real provider. */
  readonly sandbox: SandboxBehaviour | null;
  /** Where the provider may say that it is done; it names this very attempt. Null when it cannot reach this server. */
  readonly callbackUrl: string | null;
}

export const sandboxBehaviours = ['slow', 'fail', 'block', 'hang'] as const;
export type SandboxBehaviour = (typeof sandboxBehaviours)[number];

export interface ProviderFailure {
  readonly code: 'PROVIDER_REJECTED' | 'PROVIDER_ERROR' | 'PROVIDER_TIMEOUT' | 'CONTENT_BLOCKED';
  /** For the person who asked for the generation. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

export type Submission =
  | { readonly kind: 'accepted'; readonly requestId: string }
  /** Certainly not accepted, and worth another try (refused connection, 429, 503). */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number | null }
  | { readonly kind: 'failed'; readonly failure: ProviderFailure };

/** What a provider says of a file besides its bytes. */
interface AssetFacts {
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
}

/** A file that is here already. */
export interface MadeAsset extends AssetFacts {
  readonly content: Uint8Array;
  readonly mimeType: string;
}

/** A file that is still with the provider; its type is seen when it is fetched. */
export interface RemoteAsset extends AssetFacts {
  readonly url: string;
}

/** A file that a provider made. */
export type ProviderAsset = MadeAsset | RemoteAsset;

export interface ProviderResult {
  readonly assets: readonly ProviderAsset[];
  /** Of TEXT models and transcripts. */
  readonly text: string | null;
  /** What is neither file nor text. */
  readonly output: JsonObject | null;
}

export type ProviderState =
  /** `progress` runs from 0 to 1; null when the provider does not say. `text` is what there is of it so far. */
  | {
      readonly kind: 'working';
      readonly progress: number | null;
      readonly text?: string;
      readonly checkAfterMs: number;
    }
  | { readonly kind: 'succeeded'; readonly result: ProviderResult }
  | { readonly kind: 'failed'; readonly failure: ProviderFailure };

/** Who runs models. One folder beside this file for each; a thrown error is a passing one and is tried again. */
export interface ProviderAdapter {
  /** Sends a request. Called at most once for a request that may have been accepted. */
  submit(request: ProviderRequest): Promise<Submission>;
  /** Asks what became of an accepted request; safe to repeat, also from another process. */
  check(requestId: string, request: ProviderRequest): Promise<ProviderState>;
  /** Asks to stop a request; it may already be too late. */
  cancel(requestId: string, request: ProviderRequest): Promise<void>;
}
