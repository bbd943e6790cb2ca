import { describe, expect, it } from 'vitest';
import { fractionsOf, seedOf } from '../../../src/providers/sandbox/seed.ts';

describe('seedOf', () => {
  const request = { generationId: 'gen_01', input: { prompt: 'a fox', size: { width: 1, height: 2 } } };

  it('given the same input with its keys in another order, when asked, then the seed is the same', () => {
    const reordered = { generationId: 'gen_01', input: { size: { height: 2, width: 1 }, prompt: 'a fox' } };

    expect(seedOf(request)).toMatch(/^[0-9a-f]{16}$/);
    expect(seedOf(reordered)).toBe(seedOf(request));
  });

  it('given another generation or another input, when asked, then the seed is another', () => {
    expect(seedOf({ ...request, generationId: 'gen_02' })).not.toBe(seedOf(request));
    expect(seedOf({ ...request, input: { prompt: 'a fox' } })).not.toBe(seedOf(request));
  });

  it('given a list in another order, when asked, then the seed is another', () => {
    const withList = (list: number[]) => seedOf({ generationId: 'gen_01', input: { list } });

    expect(withList([1, 2])).not.toBe(withList([2, 1]));
  });
});

describe('fractionsOf', () => {
  it('given a text, when asked twice, then it gives the same numbers from 0 to below 1', () => {
    const fractions = fractionsOf('text', 32);

    expect(fractions).toHaveLength(32);
    expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    expect(fractionsOf('text', 32)).toEqual(fractions);
  });
});
