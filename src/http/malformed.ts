import { GraphQLError } from 'graphql';

/** What is no GraphQL request: 400, whatever kind of answer its sender accepts. */
export const malformed = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
