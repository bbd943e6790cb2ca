import { GraphQLError, Kind, valueFromASTUntyped } from 'graphql';
import { z } from 'zod';
import { type Instant, toDate } from '../clock.ts';
import type { JsonObject } from '../providers/index.ts';
import { builder } from './builder.ts';

const dateTime = z.iso.datetime({ offset: true });
const earliest = 0;
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function parseDateTime(value: unknown): Instant {
  const parsed = dateTime.safeParse(value);
  if (!parsed.success) throw new GraphQLError('A DateTime is written as in RFC 3339, such as "2026-01-31T12:00:00Z".');
  const instant = Date.parse(parsed.data) as Instant; // A valid RFC 3339 text is an instant.
  if (!(instant >= earliest && instant <= latest)) {
    throw new GraphQLError('A DateTime lies in the years 1970 to 9999, in UTC.');
  }
  return instant;
}

builder.scalarType('DateTime', {
  description:
    'An instant, written as in RFC 3339 and always in UTC, to the millisecond: "2026-01-31T12:00:00.000Z". Years 1970 to 9999, without leap seconds.',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
  serialize: (instant) => toDate(instant).toISOString(),
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null),
});

function parseJsonObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GraphQLError('A JSONObject is an object, such as {"seed": 7}.');
  }
  return value as JsonObject; // GraphQL variables are JSON, and this one is an object.
}

builder.scalarType('JSONObject', {
  description: 'A JSON object of any members.',
  serialize: (value) => value,
  parseValue: parseJsonObject,
  parseLiteral: (node, variables) => parseJsonObject(valueFromASTUntyped(node, variables)),
});

function parseUrl(value: unknown): string {
  if (typeof value !== 'string' || value.length > 2_048 || !URL.canParse(value)) {
    throw new GraphQLError('A URL is absolute and has at most 2048 characters, such as "https://studio.example/done".');
  }
  return value;
}

builder.scalarType('URL', {
  description: 'An absolute URL of at most 2048 characters.',
  specifiedByURL: 'https://url.spec.whatwg.org/',
  serialize: (url) => url,
  parseValue: parseUrl,
  parseLiteral: (node) => parseUrl(node.kind === Kind.STRING ? node.value : null),
});
