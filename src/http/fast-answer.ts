import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import type { AnswerType } from './fast-path.ts';

/** What of an error's extensions is for the transport alone. */
interface HttpExtension {
  readonly status?: number;
  /** Whether the status is not for those who accept application/json. */
  readonly spec?: boolean;
}

/** The status and the body of a result whose errors have their codes, as Yoga gives them. */
export function answerOf(result: ExecutionResult, answerType: AnswerType): { status: number; text: string } {
  const { errors = [] } = result;
  if (errors.length === 0) return { status: 200, text: JSON.stringify(result) };
  return {
    status: statusOf(errors, answerType),
    text: JSON.stringify({ ...result, errors: errors.map(withoutInternals) }),
  };
}

function statusOf(errors: readonly GraphQLError[], answerType: AnswerType): number {
  const statuses = errors.flatMap(({ extensions }) => {
    const { status, spec } = (extensions['http'] ?? {}) as HttpExtension; // Ours, or made by `addCodes`.
    return status === undefined || (spec === true && answerType === 'application/json') ? [] : [status];
  });
  return statuses.length === 0 ? 200 : Math.max(...statuses);
}

/** An error as callers see it, without what is for the transport alone. */
export function withoutInternals(error: GraphQLError): GraphQLFormattedError {
  const { http: _http, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}
