import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { answerTypeOf, fastRequestOf } from '../../src/http/fast-path.ts';

const query = 'query Plans { plans { code } }';
const document = parse(query);
const knownDocument = (text: string) => (text === query ? document : undefined);
const post = { method: 'POST', httpVersion: '1.1', accept: 'application/json' };

describe('which requests are fast', () => {
  test.each<
    [string, { query: string; variables?: object | null; operationName?: string | null; extensions?: object | null }]
  >([
    ['a query', { query }],
    ['variables', { query, variables: { first: 1 } }],
    ['a name', { query, operationName: 'Plans' }],
    ['extensions', { query, extensions: {} }],
    ['members that are null', { query, variables: null, operationName: null, extensions: null }],
  ])('given an ordinary post with %s of a known document, then it is fast', (_name, body) => {
    expect(fastRequestOf(post, body, knownDocument)).toEqual({
      answerType: 'application/json',
      document,
      variables: body.variables ?? null,
      operationName: body.operationName ?? null,
    });
  });

  test.each<[string, Partial<typeof post>, unknown]>([
    ['GET', { method: 'GET' }, { query }],
    ['HTTP/1.0', { httpVersion: '1.0' }, { query }],
    ['those who take only parts', { accept: 'multipart/mixed' }, { query }],
    ['those who take only events', { accept: 'text/event-stream' }, { query }],
    ['another character set', { accept: 'application/json; charset=latin1' }, { query }],
    ['a document that is new', {}, { query: '{ plans { name } }' }],
    ['no query', {}, {}],
    ['a query that is none', {}, { query: 7 }],
    ['a batch', {}, [{ query }]],
    ['null', {}, null],
    ['a text', {}, query],
    ['no JSON', {}, undefined],
    ['a member that nobody knows', {}, { query, id: 1 }],
    ['variables that are a list', {}, { query, variables: [] }],
    ['variables that are a text', {}, { query, variables: '{}' }],
    ['a name that is a number', {}, { query, operationName: 1 }],
    ['a name that no operation has', {}, { query, operationName: 'Packs' }],
    ['a name that is empty', {}, { query, operationName: '' }],
    ['extensions that are a list', {}, { query, extensions: [] }],
  ])('given %s, then it is left to Yoga', (_name, request, body) => {
    expect(fastRequestOf({ ...post, ...request }, body, knownDocument)).toBeNull();
  });
});

test.each([
  [null, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['Application/JSON', 'application/json'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/json; charset=latin1', null],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
  ['application/json, application/graphql-response+json', 'application/json'],
  ['application/json;charset=latin1, application/graphql-response+json', 'application/graphql-response+json'],
  ['text/event-stream, multipart/mixed, application/json', 'application/json'],
  ['text/html, */*;q=0.1', 'application/json'],
  ['text/event-stream', null],
  ['image/png', null],
])('given %j is accepted, then an answer is %j', (accept, answerType) => {
  expect(answerTypeOf(accept)).toBe(answerType);
});
