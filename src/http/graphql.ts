import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DefinitionNode,
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type ParseOptions,
  parse,
  type Source,
} from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import type { Caller } from '../accounts/index.ts';
import { ExpectedError } from '../errors.ts';
import type { Context, Services } from '../resolvers/context.ts';
import { BadRequest, TransportError, type TransportErrorCode } from '../resolvers/transport-errors.ts';
import { schema } from '../schema/index.ts';
import { BoundedCache } from './bounded-cache.ts';
import { createCompiledExecution } from './compiled-execution.ts';
import { documentLimits, documentProblem } from './document-limits.ts';
import { createEventStreams } from './event-streams.ts';
import { answerOf } from './fast-answer.ts';
import { answerTypeOf, fastRequestOf } from './fast-path.ts';
import { malformed } from './malformed.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import { createPreparedAnswers, sendPrepared } from './prepared-answers.ts';
import { HttpError, header, parseJson, readBody, textHeader, urlOf } from './request.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';
import { createWitness, type WitnessedContext } from './witness.ts';

export interface GraphqlEndpoint {
  /** Answers one GraphQL request of a caller who is known, or of nobody. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, caller: Caller | null) => Promise<void>;
  /** The same for subscriptions that come over WebSocket. */
  readonly subscriptions: Subscriptions;
  /** Ends the answers that would go on for ever: those of subscriptions. */
  readonly endStreams: () => void;
}

/** Most characters of documents that are remembered; parsed, a document takes up to 250 bytes for each of them. */
const mostDocumentCharacters = 200_000;

/** The GraphQL endpoint. `onInternalError` logs what callers are not told and gives the id under which it did. */
export function createGraphqlEndpoint(options: {
  services: Services;
  onInternalError: (error: unknown) => string;
  persisted: PersistedDocuments;
  /** Leaves every request to Yoga and graphql-js: slower, and the measure of what is right. */
  stock?: boolean;
}): GraphqlEndpoint {
  const { services, onInternalError, persisted, stock = false } = options;
  const streams = createEventStreams();
  const newCache = <Value>(): BoundedCache<Value> => new BoundedCache(mostDocumentCharacters, (query) => query.length);
  /** Those that were found valid and are no subscriptions. */
  const knownDocuments = newCache<DocumentNode>();
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
    parserAndValidationCache: { documentCache: newCache<DocumentNode>(), errorCache: newCache<unknown>() },
    plugins: [
      readParameters(persisted),
      answerInOrder(stock ? execute : createCompiledExecution()),
      limitDocuments,
      rememberDocuments(knownDocuments),
      refuseHeaderOnSeveralMutations,
      addCodes,
      streams.plugin,
    ],
  });
  // What is known beforehand is fast from its first request on.
  const enveloped = yoga.getEnveloped({} as YogaInitialContext & Context); // Neither function looks at it.
  for (const text of persisted.texts) {
    // Envelop leaves both untyped.
    const document = enveloped.parse(text) as DocumentNode;
    const problems = enveloped.validate(schema, document) as readonly GraphQLError[];
    if (problems.length > 0) throw new Error(`A persisted document does not fit the schema: ${text}`);
    if (!document.definitions.some(isSubscription)) knownDocuments.set(text, document);
  }
  const contextFor = createWitness(services);
  const prepared = createPreparedAnswers(() => services.catalog.snapshot());

  /** Null when the answer was a stream of events, which has been sent. */
  const answerByYoga = async (asked: Asked): Promise<Answer | null> => {
    const { request, response, body, context } = asked;
    const headers = new yoga.fetchAPI.Headers();
    const accept = header(request, 'accept');
    if (accept !== null) headers.set('accept', accept);
    if (body !== null) headers.set('content-type', 'application/json');
    const { pathname, search } = urlOf(request);
    const answer = await yoga.fetch(
      new yoga.fetchAPI.Request(`http://localhost${pathname}${search}`, {
        method: request.method ?? 'GET',
        headers,
        body: body === null ? null : new Uint8Array(body),
        signal: context.left,
      }),
      context,
    );
    if (await streams.send(answer, response)) return null;
    return { status: answer.status, headers: Object.fromEntries(answer.headers.entries()), text: await answer.text() };
  };

  /** Yoga without Fetch: the same plugins around the same execution. Null for a request that has to be Yoga's. */
  const answerFast = async ({ request, body, context }: Asked): Promise<Answer | null> => {
    if (body === null) return null;
    const { method = 'GET', httpVersion } = request;
    const asked = { method, httpVersion, accept: header(request, 'accept') };
    const fast = fastRequestOf(asked, requestIn(body, persisted), (query) => knownDocuments.get(query));
    if (fast === null) return null;
    let result: ExecutionResult;
    try {
      // Yoga's context has the Fetch request in addition, which no plugin of ours looks at.
      const { execute: run } = yoga.getEnveloped(context as unknown as YogaInitialContext & Context);
      result = (await run({
        schema,
        document: fast.document,
        contextValue: context,
        variableValues: fast.variables,
        operationName: fast.operationName,
      })) as ExecutionResult; // Only subscriptions give more than one.
    } catch (error) {
      result = { errors: [mask(error, onInternalError)] };
    }
    const { status, text } = answerOf(withCodes(result), fast.answerType);
    return { status, headers: { 'content-type': `${fast.answerType}; charset=utf-8` }, text };
  };

  const handle: GraphqlEndpoint['handle'] = async (request, response, caller) => {
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'POST') throw new HttpError(405, 'GraphQL is asked with GET or POST.');
    const isPost = method === 'POST';
    // A form or a plain text can be posted by any page without the browser asking first.
    if (isPost && !/^application\/(graphql-response\+)?json\b/i.test(header(request, 'content-type') ?? '')) {
      throw new HttpError(415, 'Send the request as application/json.');
    }
    const body = isPost ? await readBody(request) : null;
    // Whoever has gone away is owed nothing, and nothing has begun yet.
    if (response.destroyed) return;
    const idempotencyKey = textHeader(request, 'idempotency-key');
    // A key for mutations is looked at before anything is answered.
    const answerType = stock || idempotencyKey !== null ? null : answerTypeOf(header(request, 'accept'));
    const question = body?.toString('latin1') ?? `GET ${request.url}`;
    const ready = answerType === null ? undefined : prepared.find(question);
    if (answerType !== null && ready !== undefined) return sendPrepared(request, response, ready, answerType);

    const context = contextFor({
      caller,
      idempotencyKey,
      lastEventId: header(request, 'last-event-id'),
      left: () => leftOf(response),
    });
    const asked: Asked = { request, response, body, context };
    const snapshot = services.catalog.snapshot();
    const answer = (stock ? null : await answerFast(asked)) ?? (await answerByYoga(asked));
    if (answer === null) return;
    if (answerType !== null && isWhole(answer) && context.isPublic()) {
      return sendPrepared(request, response, prepared.keep(question, answer.text, snapshot), answerType);
    }
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(Buffer.byteLength(answer.text)) });
    response.end(answer.text);
  };
  const subscriptions = createSubscriptions({
    // As on the fast path.
    envelop: (context) => yoga.getEnveloped(context as unknown as YogaInitialContext & Context),
    contextFor: (caller) =>
      contextFor({ caller, idempotencyKey: null, lastEventId: null, left: () => new AbortController().signal }),
    persisted,
    mask: (error) => mask(error, onInternalError),
    withCodes,
  });
  return { handle, subscriptions, endStreams: () => streams.end() };
}

/** A request with what is known of it. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Null for GET. */
  readonly body: Buffer | null;
  readonly context: WitnessedContext;
}

/** Ends when nobody waits for an answer any more. */
function leftOf(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  response.once('close', () => left.abort());
  return left.signal;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Whether an answer is one without errors, which would stand before the data. */
const isWhole = ({ status, text }: Answer): boolean => status === 200 && text.startsWith('{"data":');

/** What a body asks for; undefined for one that is no request, of which Yoga tells its sender. */
function requestIn(body: Buffer, persisted: PersistedDocuments): unknown {
  try {
    const value = parseJson(body.toString());
    return typeof value === 'object' && value !== null ? persisted.complete(value) : undefined;
  } catch {
    return undefined;
  }
}

/** graphql-js keeps the members of an answer in the order in which they were asked for, as the specification wants. */
const answerInOrder = (executeInOrder: typeof execute): Plugin => ({
  onExecute: ({ setExecuteFn }) => setExecuteFn(executeInOrder),
});

/** Keeps what is about to be executed, and so is valid. */
const rememberDocuments = (known: BoundedCache<DocumentNode>): Plugin<YogaInitialContext> => ({
  onExecute: ({ args }) => {
    // Envelop leaves both untyped; a request on the fast path has no parameters here, and its document is known.
    const { params } = args.contextValue as Partial<YogaInitialContext>;
    const document = args.document as DocumentNode;
    if (typeof params?.query === 'string' && !document.definitions.some(isSubscription)) {
      known.set(params.query, document);
    }
  },
});

const isSubscription = (definition: DefinitionNode): boolean =>
  definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION;

/** Answers 400 to what is no GraphQL request, whatever kind of answer its sender accepts. */
const readParameters = (persisted: PersistedDocuments): Plugin => ({
  onRequestParse: ({ request, setRequestParser }) => {
    if (request.method !== 'POST') return;
    setRequestParser(async () => {
      const body = parseBody(await request.text());
      if (typeof body !== 'object' || body === null) throw malformed('The body is not a JSON object.');
      return body;
    });
  },
  onParams: ({ params, setParams }) => {
    const completed = persisted.complete(params);
    if (typeof completed.query !== 'string') throw malformed('The request has no query.');
    setParams(completed);
  },
});

function parseBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof HttpError ? malformed(error.message) : error;
  }
}

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
    if ('errors' in hook.result) hook.setResult(withCodes(hook.result));
  },
};

function withCodes(result: ExecutionResult): ExecutionResult {
  if (result.errors === undefined || result.errors.length === 0) return result;
  const outcome = !('data' in result) ? 'refused' : result.data === null ? 'nothing' : 'some';
  return { ...result, errors: result.errors.map((error) => withCode(error, outcome)) };
}

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
function mask(error: unknown, onInternalError: (error: unknown) => string): GraphQLError {
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
