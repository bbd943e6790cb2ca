import { expect, test } from 'vitest';
import { BoundedCache } from '../../src/http/bounded-cache.ts';

const newCache = () => new BoundedCache<string>(10, (_key, value) => value.length);

test('given what fits, when it is asked for, then it is there', () => {
  const cache = newCache();
  cache.set('a', 'xx');
  cache.set('b', 'xx');
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['xx', 'xx', undefined]);
});

test('given more than fits, when it comes, then what was used last stays and what was not used goes', () => {
  const cache = newCache();
  cache.set('used', 'xx');
  cache.set('unused', 'xx');
  for (let number = 0; number < 100; number += 1) {
    cache.set(`n${number}`, 'xx');
    expect(cache.get('used')).toBe('xx');
  }
  expect(cache.get('unused')).toBeUndefined();
  // 10 in all: five of 2 at most.
  const kept = Array.from({ length: 100 }, (_, number) => cache.get(`n${number}`)).filter(
    (value) => value !== undefined,
  );
  expect(kept.length).toBeLessThanOrEqual(4);
});

test('given something that alone is half of all, when it comes, then it is not kept and drives nothing out', () => {
  const cache = newCache();
  cache.set('a', 'xx');
  cache.set('large', 'xxxxx');
  expect([cache.get('large'), cache.get('a')]).toEqual([undefined, 'xx']);
});

test('given a value that is set again, when it is asked for, then the new one is there and weighs once', () => {
  const cache = newCache();
  for (let time = 0; time < 10; time += 1) cache.set('a', `x${time}`);
  cache.set('b', 'xx');
  expect([cache.get('a'), cache.get('b')]).toEqual(['x9', 'xx']);
});

test('given a cache that is cleared, when it is asked, then it has nothing', () => {
  const cache = newCache();
  cache.set('a', 'xx');
  cache.clear();
  expect(cache.get('a')).toBeUndefined();
});
