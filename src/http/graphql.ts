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
import { BadRequest, TransportError, type TransportErrorCode } from '../resolvers/transport-errors.ts';
import { schema } from '../schema/index.ts';
import { documentLimits, documentProblem } from './document-limits.ts';
import { createEventStreams } from './event-streams.ts';
import { HttpError, header, parseJson, readBody, textHeader, urlOf } from './request.ts';

export interface GraphqlEndpoint {
  /** Answers one GraphQL request of a caller who is known, or of nobody. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, caller: Caller | null) => Promise<void>;
  /** Ends the answers that would go on for ever: those of subscriptions. */
  readonly endStreams: () => void;
}

/** The GraphQL endpoint. `onInternalError` logs what callers are not told and gives the id under which it did. */
export function createGraphqlEndpoint(options: {
  services: Services;
  onInternalError: (error: unknown) => string;
}): GraphqlEndpoint {
  const { services, onInternalError } = options;
  const streams = createEventStreams();
  const yoga = createYoga<Context>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    // The server around this one answers for all routes alike: origins, sizes and times.
    cors: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: false,
    logging: false,
    maskedErrors: { maskError: (error) => mask(error, onInternalError), errorMessage: '' },
    plugins: [readParameters, answerInOrder, limitDocuments, refuseHeaderOnSeveralMutations, addCodes, streams.plugin],
  });

  const handle: GraphqlEndpoint['handle'] = async (request, response, caller) => {
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'POST') throw new HttpError(405, 'GraphQL is asked with GET or POST.');
    const isPost = method === 'POST';
    // A form or a plain text can be posted by any page without the browser asking first.
    if (isPost && !/^application\/(graphql-response\+)?json\b/i.test(header(request, 'content-type') ?? '')) {
      throw new HttpError(415, 'Send the request as application/json.');
    }
    const body = isPost ? await readBody(request) : null;
    const aborted = new AbortController();
    response.once('close', () => aborted.abort());
    const context: Context = {
      services,
      caller,
      idempotencyKey: textHeader(request, 'idempotency-key'),
      lastEventId: header(request, 'last-event-id'),
      left: aborted.signal,
    };
    const headers = new yoga.fetchAPI.Headers();
    const accept = header(request, 'accept');
    if (accept !== null) headers.set('accept', accept);
    if (isPost) headers.set('content-type', 'application/json');
    const { pathname, search } = urlOf(request);
    const answer = await yoga.fetch(
      new yoga.fetchAPI.Request(`http://localhost${pathname}${search}`, {
        method,
        headers,
        body: body === null ? null : new Uint8Array(body),
        signal: aborted.signal,
      }),
      context,
    );
    if (await streams.send(answer, response)) return;
    response.writeHead(answer.status, Object.fromEntries(answer.headers.entries()));
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  return { handle, endStreams: () => streams.end() };
}

/** graphql-js keeps the members of an answer in the order in which they were asked for, as the specification wants. */
const answerInOrder: Plugin = { onExecute: ({ setExecuteFn }) => setExecuteFn(execute) };

/** Answers 400 to what is no GraphQL request, whatever kind of answer its sender accepts. */
const readParameters: Plugin = {
  onRequestParse: ({ request, setRequestParser }) => {
    if (request.method !== 'POST') return;
    setRequestParser(async () => {
      const body = parseBody(await request.text());
      if (typeof body !== 'object' || body === null) throw malformed('The body is not a JSON object.');
      return body;
    });
  },
  onParams: ({ params }) => {
    if (typeof params.query !== 'string') throw malformed('The request has no query.');
  },
};

function parseBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof HttpError ? malformed(error.message) : error;
  }
}

const malformed = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });

/** Refuses what is too much before it is validated or run. */
const limitDocuments: Plugin = {
  onParse: ({ setParseFn }) => {
    setParseFn((source: string | Source, parseOptions?: ParseOptions) => {
      const document = parseLimited(source, parseOptions);
      const problem = documentProblem(document);
      if (problem !== null) throw new TransportError('QUERY_TOO_COMPLEX', problem);
      return document;
    });
  },
};

function parseLimited(source: string | Source, options: ParseOptions | undefined): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: documentLimits.tokens });
  } catch (error) {
    // The parser gives the refusal of too many tokens no type of its own; the other is an overflow of its stack.
    if (error instanceof RangeError || (error instanceof GraphQLError && error.message.includes('contains more'))) {
      const problem = `This document is too long or too deep; the limit is ${documentLimits.tokens} tokens.`;
      throw new TransportError('QUERY_TOO_COMPLEX', problem);
    }
    throw error;
  }
}

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

/** Gives every error its code, and a refused request the status that the GraphQL-over-HTTP specification wants. */
const addCodes: Plugin = {
  onResultProcess: (hook) => {
    const { result } = hook;
    if (!('errors' in result) || result.errors === undefined || result.errors.length === 0) return;
    const outcome = !('data' in result) ? 'refused' : result.data === null ? 'nothing' : 'some';
    hook.setResult({ ...result, errors: result.errors.map((error) => withCode(error, outcome)) });
  },
};

/** The codes that this API has; the libraries' own are requests that were wrong. */
const ownCodes: ReadonlySet<unknown> = new Set<TransportErrorCode>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_REQUEST',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'NOT_FOUND',
  'INTERNAL',
]);

/** Keeps of an error what callers may see. `outcome` says how much was answered beside it. */
function withCode(error: GraphQLError, outcome: 'refused' | 'nothing' | 'some'): GraphQLError {
  const { code: given, id, http } = error.extensions;
  // The validation gives up, with these words, where comparing all fields with each other would take too long.
  const wrong = error.message === 'Validation aborted.' ? 'QUERY_TOO_COMPLEX' : 'BAD_REQUEST';
  const code = ownCodes.has(given) ? given : wrong;
  const status = outcome === 'some' ? null : code === 'UNAUTHENTICATED' ? 401 : code === 'FORBIDDEN' ? 403 : null;
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions: {
      code,
      ...(id === undefined ? {} : { id }),
      // `spec`: not for those who accept application/json alone, where such answers have the status 200.
      http: http ?? { spec: true, status: status ?? (outcome === 'refused' ? 400 : 200) },
    },
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
