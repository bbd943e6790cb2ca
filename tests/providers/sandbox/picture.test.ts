import { describe, expect, it } from 'vitest';
import { drawPicture } from '../../../src/providers/sandbox/picture.ts';
import { decodePng } from './decode-png.ts';

describe('drawPicture', () => {
  it('given one prompt and two seeds, when drawn, then the colours are the same and the shapes are not', () => {
    const first = decodePng(drawPicture('a red fox', 'seed one'));
    const second = decodePng(drawPicture('a red fox', 'seed two'));

    expect(first.palette.equals(second.palette)).toBe(true);
    expect(first.indices.equals(second.indices)).toBe(false);
  });

  it('given two prompts and one seed, when drawn, then the shapes are the same and the colours are not', () => {
    const first = decodePng(drawPicture('a red fox', 'seed'));
    const second = decodePng(drawPicture('a blue whale', 'seed'));

    expect(first.palette.equals(second.palette)).toBe(false);
    expect(first.indices.equals(second.indices)).toBe(true);
  });

  it('given any seed, when drawn, then every pixel has a colour, many colours are used and the file is below 60 KB', () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const content = drawPicture('', `seed ${seed}`);
      const { indices, palette } = decodePng(content);
      const used = new Set(indices);

      expect(content.length).toBeLessThan(60_000);
      expect(used.size).toBeGreaterThan(32);
      expect(Math.max(...used)).toBeLessThan(palette.length / 3);
    }
  });
});
