import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../src/providers/sandbox/png.ts';
import { decodePng } from './decode-png.ts';

describe('encodePng', () => {
  const palette = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255);

  it('given a small picture, when it is encoded and decoded, then every pixel and colour is as it was', () => {
    const indices = Uint8Array.of(0, 1, 2, 2, 1, 0);

    const decoded = decodePng(encodePng({ width: 3, height: 2, palette, indices }));

    expect(decoded).toMatchObject({ width: 3, height: 2, chunkTypes: ['IHDR', 'PLTE', 'IDAT', 'IEND'] });
    expect([...decoded.palette]).toEqual([...palette]);
    expect([...decoded.indices]).toEqual([...indices]);
  });

  it('given an encoded picture, when one byte of its pixels is damaged, then its CRC tells', () => {
    const file = Buffer.from(encodePng({ width: 1, height: 1, palette, indices: Uint8Array.of(0) }));
    const at = file.indexOf('IDAT') + 5;
    file.writeUInt8(file.readUInt8(at) ^ 1, at);

    expect(() => decodePng(file)).toThrow('Wrong CRC of IDAT.');
  });

  it.each([
    ['too few indices', { width: 2, height: 2, palette, indices: Uint8Array.of(0) }],
    ['no pixels', { width: 0, height: 0, palette, indices: Uint8Array.of() }],
    ['half a colour', { width: 1, height: 1, palette: Uint8Array.of(1, 2), indices: Uint8Array.of(0) }],
    ['257 colours', { width: 1, height: 1, palette: new Uint8Array(771), indices: Uint8Array.of(0) }],
  ])('given %s, when it is encoded, then it is refused', (_, picture) => {
    expect(() => encodePng(picture)).toThrow();
  });
});
