import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { malformed } from './malformed.ts';

/** Documents that are known before they are sent, by the hashes under which clients may name them. */
export interface PersistedDocuments {
  readonly texts: readonly string[];
  /**
   * A request with its query in place of the `documentId` that names it (GraphQL over HTTP, appendix A). Throws
   * a `GraphQLError` for an id that names nothing, and for a query where only documents that are known may run.
   */
  complete<Params extends object>(params: Params): Params;
}

const file = new URL('../client/generated/persisted-documents.json', import.meta.url);

/** The documents of the typed client, as its generator has written them. `only`: no others may run. */
export function readPersistedDocuments(only: boolean): PersistedDocuments {
  const textById = new Map(
    Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')))),
  );
  const texts = [...textById.values()];
  const known = new Set(texts);
  return {
    texts,
    complete: (params) => {
      const { documentId, query }: { documentId?: unknown; query?: unknown } = params;
      if (documentId == null) {
        if (only && typeof query === 'string' && !known.has(query)) {
          throw malformed('Only the documents of its own clients run here. Name one by its documentId.');
        }
        return params;
      }
      if (query != null) throw malformed('Send a query or a documentId, not both.');
      const text = typeof documentId === 'string' ? textById.get(documentId) : undefined;
      if (text === undefined) throw malformed('No document has this documentId. Was the client made for this server?');
      return { ...params, documentId: undefined, query: text };
    },
  };
}
