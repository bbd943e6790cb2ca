import fc from 'fast-check';
import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { schema } from '../../src/schema/index.ts';
import type { PlainRequest } from './both-paths.ts';
import { createRandom } from './random.ts';

type Random = ReturnType<typeof createRandom>;

/** Values for arguments by their type: good ones, and some that are refused. */
const literals: Readonly<Record<string, readonly string[]>> = {
  Int: ['1', '2', '5', '20', '100', '0', '-1', '101', 'null'],
  Float: ['1', '0.5'],
  String: ['"tts"', '"flux"', '""', '"Europe/Berlin"', '"\\u00e9"'],
  ID: ['"fal-ai/flux/schnell"', '"pro"', '"pack_100"', '"nothing"', '"gen_1"', '7'],
  Boolean: ['true', 'false'],
  DateTime: ['"2026-01-01T00:00:00.000Z"', '"2025-12-31T00:00:00Z"', '"2099-01-01T00:00:00Z"', '"never"'],
  JSONObject: ['{}', '{ a: [1, "b", { c: null }] }'],
  URL: ['"https://studio.example/back"', '"nowhere"'],
};

/** A document that the schema allows, but for some of its arguments. */
function documentOf(random: Random): string {
  const query = schema.getQueryType();
  if (query == null) throw new Error('The schema has no queries.');
  const variables = random.below(2) === 0 ? '' : '($yes: Boolean! = true, $no: Boolean = false, $first: Int = 3)';
  return `query Generated${variables} ${selectionOf(random, query, 5, variables !== '')}`;
}

function selectionOf(random: Random, type: GraphQLNamedType, depth: number, hasVariables: boolean): string {
  if (isLeafType(type)) return '';
  const parts = random.below(3) === 0 ? ['__typename'] : [];
  if (isUnionType(type) || isInterfaceType(type)) {
    for (const member of schema.getPossibleTypes(type).slice(0, 4)) {
      // Members of a union may differ in the type of a field of the same name.
      if (random.below(2) === 0) parts.push(`... on ${member.name} { ${scalarsOf(random, member)} }`);
    }
    return `{ ${[...parts, '__typename'].join(' ')} }`;
  }
  if (isObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => depth > 1 || isLeafType(getNamedType(field.type)));
    for (let count = 1 + random.below(5); count > 0 && fields.length > 0; count -= 1) {
      const field = random.pick(fields);
      const alias = `f${random.below(1_000)}_${parts.length}`;
      const directive = hasVariables
        ? random.pick(['', '', '', ' @include(if: $yes)', ' @skip(if: $no)', ' @skip(if: $yes)', ' @include(if: $no)'])
        : '';
      const selection = selectionOf(random, getNamedType(field.type), depth - 1, hasVariables);
      parts.push(`${alias}: ${field.name}${argumentsOf(random, field, hasVariables)}${directive} ${selection}`);
    }
  }
  const inner = parts.length === 0 ? '__typename' : parts.join(' ');
  return random.below(6) === 0 ? `{ ... on ${type.name} { ${inner} } }` : `{ ${inner} }`;
}

const scalarsOf = (random: Random, type: GraphQLNamedType): string => {
  if (!isObjectType(type)) return '__typename';
  const leaves = Object.values(type.getFields()).filter(
    ({ type: of, args }) => isLeafType(getNamedType(of)) && args.length === 0,
  );
  const field = leaves.length === 0 ? null : random.pick(leaves);
  return field === null ? '__typename' : `${type.name}_${field.name}: ${field.name}`;
};

function argumentsOf(random: Random, field: GraphQLField<unknown, unknown>, hasVariables: boolean): string {
  const given = field.args
    .filter(({ type }) => isNonNullType(type) || random.below(3) === 0)
    .map(
      (argument) =>
        `${argument.name}: ${hasVariables && argument.name === 'first' ? '$first' : valueOf(random, argument.type)}`,
    );
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

function valueOf(random: Random, type: GraphQLArgument['type']): string {
  if (isNonNullType(type)) return valueOf(random, type.ofType);
  if (isListType(type)) return `[${valueOf(random, type.ofType)}]`;
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  if ('getFields' in type) {
    const members = Object.values(type.getFields()).filter(
      ({ type: of }) => isNonNullType(of) || random.below(2) === 0,
    );
    return `{ ${members.map((member) => `${member.name}: ${valueOf(random, member.type)}`).join(', ')} }`;
  }
  return random.pick(literals[type.name] ?? ['null']);
}

/** Fewer documents than requests, so that they come again and are known, compiled and kept ready. */
const documents = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, number) => documentOf(createRandom(seed * 1_000 + number)));

/** Requests as clients send them and as nobody should; the same ones for a seed. */
export function generatedRequests({ seed, count, key }: { seed: number; count: number; key: string }): PlainRequest[] {
  const body = fc.record(
    {
      query: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...documents(seed, Math.ceil(count / 12))) },
        { weight: 1, arbitrary: fc.string() },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
      variables: fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record(
            { yes: fc.boolean(), no: fc.boolean(), first: fc.integer({ min: 0, max: 101 }) },
            { requiredKeys: [] },
          ),
        },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
      operationName: fc.constantFrom(null, 'Generated', 'Generated', 'Other', '', 7),
      extensions: fc.oneof(fc.constant({}), fc.jsonValue()),
      extra: fc.jsonValue(),
    },
    { requiredKeys: ['query'] },
  );
  const odd = fc.constantFrom(true, false, false, false, false, false);
  const text = fc.tuple(body, odd, odd, fc.nat(200)).map(([members, isOdd, isCut, at]) => {
    // Most requests have nothing but what belongs there.
    const { extra: _extra, extensions: _extensions, ...ordinary } = members;
    const whole = JSON.stringify(isOdd ? members : { ...ordinary, operationName: undefined });
    return isCut && isOdd ? whole.slice(0, at) : whole;
  });
  const accept = fc.constantFrom(
    'application/json',
    'application/json',
    'application/graphql-response+json',
    '*/*',
    'application/graphql-response+json, application/json;q=0.9',
    'text/html, application/*;q=0.5',
    'application/json; charset=latin1',
    'text/event-stream, application/json',
    'multipart/mixed;deferSpec=20220824, application/json',
    'text/event-stream',
    '',
  );
  const request = fc
    .record({
      text,
      accept,
      contentType: fc.constantFrom(
        'application/json',
        'application/json',
        'application/json; charset=utf-8',
        'text/plain',
      ),
      authorization: fc.constantFrom(null, `Bearer ${key}`, `Bearer ${key}`, 'Bearer wzrd_nobody', 'Basic x'),
      idempotencyKey: fc.constantFrom(null, null, null, 'one'),
      encoding: fc.constantFrom(null, null, 'identity'),
    })
    .map(({ text: sent, accept: accepted, contentType, authorization, idempotencyKey, encoding }): PlainRequest => ({
      method: 'POST',
      path: '/graphql',
      headers: {
        'content-type': contentType,
        accept: accepted,
        ...(authorization === null ? {} : { authorization }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
        ...(encoding === null ? {} : { 'accept-encoding': encoding }),
      },
      body: sent,
    }));
  return fc.sample(request, { seed, numRuns: count });
}
