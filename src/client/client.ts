import type { TypedDocumentString } from './generated/graphql.ts';

export interface GraphqlFailure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly id?: string };
}

/** The request as a whole, or a field that has no typed error, failed. Expected failures are in the data instead. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** The HTTP status of the answer. */
  readonly status: number;
  readonly errors: readonly GraphqlFailure[];

  constructor(status: number, errors: readonly GraphqlFailure[]) {
    super(errors.map((error) => error.message).join(' ') || `The server answered with HTTP status ${status}.`);
    this.status = status;
    this.errors = errors;
  }
}

export interface Client {
  /** Runs an operation and gives its data. Throws {@link ClientError} when the answer has errors. */
  execute<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    ...[variables]: Record<never, never> extends Variables ? [variables?: Variables] : [variables: Variables]
  ): Promise<Data>;
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlFailure[];
}

/**
 * A client of the API at `url` (".../graphql"). Without `apiKey` it sees what is public. With `byHash` it names its
 * documents instead of sending them, which a server of the same version understands.
 */
export function createClient(options: {
  url: string;
  apiKey?: string;
  byHash?: boolean;
  fetch?: typeof fetch;
}): Client {
  const send = options.fetch ?? fetch;
  return {
    execute: async <Data, Variables>(document: TypedDocumentString<Data, Variables>, variables?: Variables) => {
      const response = await send(options.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json, application/json',
          ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
        },
        body: JSON.stringify({
          ...(options.byHash === true ? idOf(document) : { query: document.toString() }),
          variables,
        }),
      });
      const answer = await readAnswer<Data>(response);
      if (answer.errors !== undefined || answer.data == null)
        throw new ClientError(response.status, answer.errors ?? []);
      return answer.data;
    },
  };
}

function idOf(document: { readonly __meta__?: Record<string, unknown> | undefined }): { documentId: string } {
  const hash = document.__meta__?.['hash'];
  if (typeof hash !== 'string') throw new TypeError('Only generated documents have a hash.');
  return { documentId: hash };
}

async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  try {
    return (await response.json()) as Answer<Data>; // The types were generated from the server's own schema.
  } catch {
    throw new ClientError(response.status, []);
  }
}
