import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DocumentNode,
  execute,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type ParseOptions,
  parse,
  type Source,
} from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Caller } from '../accounts/index.ts';
import { ExpectedError } from '../errors.ts';
import type { Context, Services } from '../resolvers/context.ts';
import { BadRequest, TransportError } from '../resolvers/transport-errors.ts';
import { schema } from '../schema/index.ts';
import { documentLimits, documentProblem } from './document-limits.ts';
import { HttpError, header, readBody } from './request.ts';

/** Answers one GraphQL request of a caller who is known, or of nobody. */
export type GraphqlHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller | null,
) => Promise<void>;

/** The GraphQL endpoint. `onInternalError` logs what callers are not told and gives the id under which it did. */
export function createGraphqlHandler(options: {
  services: Services;
  onInternalError: (error: unknown) => string;
}): GraphqlHandler {
  const { services, onInternalError } = options;
  const yoga = createYoga<Context>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    // The server around this one answers for all routes alike: origins, sizes and times.
    cors: false,
    multipart: false,
    batching: false,
    logging: false,
    maskedErrors: { maskError: (error) => mask(error, onInternalError), errorMessage: '' },
    plugins: [answerInOrder, limitDocuments, refuseHeaderOnSeveralMutations, addCodes],
  });

  return async (request, response, caller) => {
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'POST') throw new HttpError(405, 'GraphQL is asked with GET or POST.');
    const isPost = method === 'POST';
    // A form or a plain text can be posted by any page without the browser asking first.
    if (isPost && !/^application\/(graphql-response\+)?json\b/i.test(header(request, 'content-type') ?? '')) {
      throw new HttpError(415, 'Send the request as application/json.');
    }
    const body = isPost ? await readBody(request) : null;
    const context: Context = { services, caller, idempotencyKey: header(request, 'idempotency-key') };
    const headers = new yoga.fetchAPI.Headers();
    for (const name of ['accept', 'content-type'] as const) {
      const value = header(request, name);
      if (value !== null) headers.set(name, value);
    }
    const aborted = new AbortController();
    response.once('close', () => aborted.abort());
    const answer = await yoga.fetch(
      new yoga.fetchAPI.Request(`http://localhost${request.url ?? '/graphql'}`, {
        method,
        headers,
        body: body === null ? null : new Uint8Array(body),
        signal: aborted.signal,
      }),
      context,
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers.entries()));
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
}

/** graphql-js keeps the members of an answer in the order in which they were asked for, as the specification wants. */
const answerInOrder: Plugin = { onExecute: ({ setExecuteFn }) => setExecuteFn(execute) };

/** Refuses what is too much before it is validated or run. */
const limitDocuments: Plugin = {
  onParse: ({ setParseFn }) => {
    setParseFn((source: string | Source, parseOptions?: ParseOptions) => {
      const document = parse(source, { ...parseOptions, maxTokens: documentLimits.tokens });
      const problem = documentProblem(document);
      if (problem !== null) throw new TransportError('QUERY_TOO_COMPLEX', problem);
      return document;
    });
  },
};

/** One key cannot belong to two effects. */
const refuseHeaderOnSeveralMutations: Plugin<Context> = {
  onExecute: ({ args, setResultAndStopExecution }) => {
    // The plugin sees the context that the handler above gave.
    const { idempotencyKey } = args.contextValue as Context;
    if (idempotencyKey === null) return;
    // Envelop leaves these two untyped.
    const document = args.document as DocumentNode;
    const operations = document.definitions.filter(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    );
    const operation = operations.find(({ name }) => operations.length === 1 || name?.value === args.operationName);
    if (operation?.operation !== OperationTypeNode.MUTATION) return;
    const [selection, ...more] = operation.selectionSet.selections;
    if (selection?.kind === Kind.FIELD && more.length === 0) return;
    setResultAndStopExecution({
      errors: [
        new BadRequest('An Idempotency-Key header belongs to one mutation. Give each its own idempotencyKey argument.'),
      ],
    });
  },
};

const statusOfCode: Readonly<Record<string, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403 };

/** Gives every error its code, and a refused request the status that the GraphQL-over-HTTP specification wants. */
const addCodes: Plugin = {
  onResultProcess: (hook) => {
    const { result, acceptableMediaTypes } = hook;
    if (!('errors' in result) || result.errors === undefined || result.errors.length === 0) return;
    const errors = result.errors.map((error) => ('code' in error.extensions ? error : withCode(error)));
    const status = errors.map(({ extensions }) => statusOfCode[String(extensions['code'])]).find(Boolean);
    const refused = 'data' in result && result.data === null && status !== undefined;
    const modern = acceptableMediaTypes.includes('application/graphql-response+json');
    hook.setResult({ ...result, errors, ...(refused && modern ? { extensions: { http: { status } } } : {}) });
  },
};

/** What the parser or the validation found: the request was wrong. */
function withCode(error: GraphQLError): GraphQLError {
  const tooLong = error.message.includes('Document contains more than');
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions: { ...error.extensions, code: tooLong ? 'QUERY_TOO_COMPLEX' : 'BAD_REQUEST' },
  });
}

/** Shows what the caller has to know, and hides what went wrong inside behind the id of a line in the log. */
function mask(error: unknown, onInternalError: (error: unknown) => string): Error {
  const original = error instanceof GraphQLError ? (error.originalError ?? null) : error;
  const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
  if (error instanceof GraphQLError && (original === null || original instanceof GraphQLError)) return error;
  if (original instanceof ExpectedError) {
    return new GraphQLError(original.message, { ...place, extensions: { code: 'BAD_REQUEST' } });
  }
  const id = onInternalError(original);
  return new GraphQLError(`Something went wrong on our side. If it stays, ask about ${id}.`, {
    ...place,
    extensions: { code: 'INTERNAL', id },
  });
}
