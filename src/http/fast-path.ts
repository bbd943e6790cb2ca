import { type DocumentNode, getOperationAST } from 'graphql';

/** The two names of a GraphQL answer. */
export type AnswerType = 'application/json' | 'application/graphql-response+json';

/** A request for which nothing is needed that Fetch's requests and responses bring. */
export interface FastRequest {
  readonly answerType: AnswerType;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly operationName: string | null;
}

/**
 * Says which requests take the fast path; null sends one to Yoga. Fast is an ordinary post over HTTP/1.1 of a document
 * that Yoga has found valid before and that has no subscription, which names its operation, by someone who takes JSON. Everything else is Yoga's:
 * what is new, what is wrong, GET, and answers that come in parts.
 */
export function fastRequestOf(
  request: { readonly method: string; readonly httpVersion: string; readonly accept: string | null },
  body: unknown,
  knownDocument: (query: string) => DocumentNode | undefined,
): FastRequest | null {
  if (request.method !== 'POST' || request.httpVersion !== '1.1') return null;
  const answerType = answerTypeOf(request.accept);
  if (answerType === null || !isObject(body)) return null;
  if (!Object.keys(body).every((name) => parameters.has(name) || body[name] === undefined)) return null;
  const { query, variables = null, operationName = null, extensions = null } = body;
  if (typeof query !== 'string') return null;
  if (variables !== null && !isObject(variables)) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  if (extensions !== null && !isObject(extensions)) return null;
  const document = knownDocument(query);
  if (document === undefined || getOperationAST(document, operationName) == null) return null;
  return { answerType, document, variables, operationName };
}

const parameters = new Set(['query', 'variables', 'operationName', 'extensions']);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What an answer in one piece is called for those who accept this: the first that fits counts, whatever its weight, as
 * in Yoga. Null when nothing fits.
 */
export function answerTypeOf(accept: string | null): AnswerType | null {
  if (accept === null || accept === '' || accept === '*/*' || accept === 'application/json') return 'application/json';
  for (const accepted of accept.toLowerCase().replaceAll(/\s/g, '').split(',')) {
    const [type = '', ...options] = accepted.split(';');
    const charset = options.find((option) => option.includes('charset='));
    if (charset !== undefined && charset !== 'charset=utf-8') continue;
    if (/^(application|\*)\/(json|\*)$/.test(type)) return 'application/json';
    if (/^(application|\*)\/graphql-response\+json$/.test(type)) return 'application/graphql-response+json';
  }
  return null;
}
