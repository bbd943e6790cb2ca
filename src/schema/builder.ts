import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { Instant } from '../clock.ts';
import type { JsonObject } from '../providers/index.ts';
import type { Context } from '../resolvers/context.ts';
import { Forbidden, TransportError, Unauthenticated } from '../resolvers/transport-errors.ts';

/** What one document may cost, checked with the values of its variables before anything is resolved. */
const limits = { complexity: 20_000, depth: 16, breadth: 600 };

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  AuthScopes: { signedIn: boolean; admin: boolean };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Instant; Output: Instant };
    JSONObject: { Input: JsonObject; Output: JsonObject };
    URL: { Input: string; Output: string };
  };
}>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, ComplexityPlugin, RelayPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ caller }) => ({ signedIn: caller !== null, admin: caller?.scopes.has('admin') ?? false }),
    unauthorizedError: (_parent, { caller }) => (caller === null ? new Unauthenticated() : new Forbidden()),
  },
  complexity: {
    limit: limits,
    defaultComplexity: 1,
    defaultListMultiplier: 5,
    complexityError: (kind) =>
      new TransportError(
        'QUERY_TOO_COMPLEX',
        `This document asks for too much at once: its ${kind.toLowerCase()} is over the limit.`,
      ),
  },
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    cursorType: 'String',
    pageInfoTypeOptions: { description: 'Whether there is more of a list, and where to go on.' },
    hasNextPageFieldOptions: { description: 'Whether there is something older behind the page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there is something newer before the page.' },
    startCursorFieldOptions: { description: 'The cursor of the first on the page; null when it is empty.' },
    endCursorFieldOptions: { description: 'The cursor of the last on the page; null when it is empty.' },
  },
});

builder.queryType({ description: 'What can be read. Nothing here changes anything.' });
builder.mutationType({ description: 'What can be done. Each either takes effect once or changes nothing.' });
builder.subscriptionType({
  description: `What can be watched, with GraphQL over SSE: send "accept: text/event-stream". The present state is told first, then each newer one; whoever reads slowly is told the latest alone. Every event has an id, which stands in \`extensions.eventId\` too: whoever comes again with it, as \`after\` or in the header Last-Event-ID, is told only what is newer. A stream that breaks off without "complete" is to be taken up again.`,
});
