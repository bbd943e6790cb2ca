import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  getOperationAST,
  type GraphQLError,
  type GraphQLFormattedError,
  OperationTypeNode,
} from 'graphql';
import type { Caller } from '../accounts/index.ts';
import type { Context } from '../resolvers/context.ts';
import { BadRequest } from '../resolvers/transport-errors.ts';
import { schema } from '../schema/index.ts';
import { withoutInternals } from './fast-answer.ts';
import { malformed } from './malformed.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import { isTooDeep } from './request.ts';

/** Subscriptions that do not come by HTTP: read, limited, run and masked by what does so for the endpoint. */
export interface Subscriptions {
  /** What is to be run for a request, or why it is refused. */
  read(params: object, caller: Caller | null): ExecutionArgs | readonly GraphQLError[];
  /** Begins what was read: its results one after the other, or the only one. Never throws. */
  begin(args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult> | ExecutionResult>;
  /** A result as callers may see it, each error with its code. */
  shown(result: ExecutionResult): FormattedExecutionResult;
  /** The errors of a request that was refused, as callers may see them. */
  shownErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[];
}

/** What Envelop has put around the functions of graphql-js, which it leaves untyped. */
interface Enveloped {
  readonly parse: (text: string) => unknown;
  readonly validate: (...args: [typeof schema, DocumentNode]) => unknown;
  readonly subscribe: (args: ExecutionArgs) => unknown;
}

export function createSubscriptions(parts: {
  envelop: (context: Context) => Enveloped;
  contextFor: (caller: Caller | null) => Context;
  persisted: PersistedDocuments;
  mask: (error: unknown) => GraphQLError;
  withCodes: (result: ExecutionResult) => ExecutionResult;
}): Subscriptions {
  const { envelop, contextFor, persisted, mask, withCodes } = parts;

  const argsOf = (params: object, caller: Caller | null): ExecutionArgs | readonly GraphQLError[] => {
    if (isTooDeep(params)) throw malformed('The request is nested too deep.');
    const { query, operationName, variables }: { query?: unknown; operationName?: unknown; variables?: unknown } =
      persisted.complete(params);
    if (typeof query !== 'string') throw malformed('The request has no query.');
    const context = contextFor(caller);
    const { parse, validate } = envelop(context);
    // Envelop leaves both untyped.
    const document = parse(query) as DocumentNode;
    const problems = validate(schema, document) as readonly GraphQLError[];
    if (problems.length > 0) return problems;
    const name = typeof operationName === 'string' ? operationName : null;
    if (getOperationAST(document, name)?.operation !== OperationTypeNode.SUBSCRIPTION) {
      throw new BadRequest('Only subscriptions come over a WebSocket. Send queries and mutations by HTTP.');
    }
    return {
      schema,
      document,
      operationName: name,
      variableValues: isRecord(variables) ? variables : null,
      contextValue: context,
    };
  };
  const shown = (result: ExecutionResult): FormattedExecutionResult => {
    const { errors, ...rest } = withCodes(result);
    return errors === undefined ? rest : { ...rest, errors: errors.map(withoutInternals) };
  };
  return {
    read: (params, caller) => {
      try {
        return argsOf(params, caller);
      } catch (error) {
        return [mask(error)];
      }
    },
    begin: async (args) => {
      try {
        // `read` has made the context; graphql-js gives results or one result.
        return (await envelop(args.contextValue as Context).subscribe(args)) as
          AsyncIterable<ExecutionResult> | ExecutionResult;
      } catch (error) {
        return { errors: [mask(error)] };
      }
    },
    shown,
    shownErrors: (errors) => shown({ errors }).errors ?? [],
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
