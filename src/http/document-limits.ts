import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/** What one document may be, before anything else is done with it. */
export const documentLimits = {
  tokens: 2_000,
  depth: 16,
  /** Fields, with every fragment written out where it is used. */
  fields: 2_000,
  aliases: 60,
} as const;

interface Extent {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
}

const nothing: Extent = { depth: 0, fields: 0, aliases: 0 };

/**
 * Says what is too much about a document, or null. Each fragment is measured once, however often it is used,
 * so a document that would unfold to billions of fields costs no more than its own length.
 */
export function documentProblem(document: DocumentNode): string | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Extent>();

  const measureFragment = (name: string): Extent => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    if (fragment === undefined) return nothing;
    // A fragment that uses itself counts as nothing inside itself; validation refuses it.
    measured.set(name, nothing);
    const extent = measure(fragment.selectionSet);
    measured.set(name, extent);
    return extent;
  };

  const measure = (selectionSet: SelectionSetNode): Extent => {
    let { depth, fields, aliases } = nothing;
    for (const selection of selectionSet.selections) {
      let inner: Extent;
      if (selection.kind === Kind.FIELD) {
        const below = selection.selectionSet === undefined ? nothing : measure(selection.selectionSet);
        const aliased = selection.alias === undefined ? 0 : 1;
        inner = { depth: below.depth + 1, fields: below.fields + 1, aliases: below.aliases + aliased };
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) inner = measureFragment(selection.name.value);
      else inner = measure(selection.selectionSet);
      depth = Math.max(depth, inner.depth);
      fields += inner.fields;
      aliases += inner.aliases;
    }
    return { depth, fields, aliases };
  };

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const extent =
      definition.kind === Kind.FRAGMENT_DEFINITION
        ? measureFragment(definition.name.value)
        : measure(definition.selectionSet);
    for (const name of ['depth', 'fields', 'aliases'] as const) {
      if (extent[name] > documentLimits[name])
        return `This document has ${labels[name]}; the limit is ${documentLimits[name]}.`;
    }
  }
  return null;
}

const labels = { depth: 'too many levels', fields: 'too many fields', aliases: 'too many aliases' } as const;
