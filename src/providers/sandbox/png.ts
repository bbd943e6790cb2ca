import assert from 'node:assert/strict';
import { crc32, deflateSync } from 'node:zlib';

/** A picture whose pixels point into a palette. */
interface IndexedPicture {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Red, green and blue (0 to 255) of up to 256 colours, one after the other. */
  readonly palette: Uint8Array;
  /** One palette index a pixel, row by row from the top left. */
  readonly indices: Uint8Array;
}

// PNG specification, 5.2: the eight bytes that every file begins with.
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const bitDepth = 8;
const colourTypeIndexed = 3;
const filterUp = 2;
// On smooth pictures the usual level 6 takes four times as long for a seventh less.
const deflateLevel = 4;

/** Gives the bytes of a PNG file (PNG specification, third edition; 8-bit indexed colour, not interlaced). */
export function encodePng({ width, height, palette, indices }: IndexedPicture): Uint8Array {
  assert(width > 0 && height > 0 && indices.length === width * height, 'a picture has one index a pixel');
  assert(palette.length > 0 && palette.length <= 768 && palette.length % 3 === 0, 'a palette has 1 to 256 colours');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(bitDepth, 8);
  header.writeUInt8(colourTypeIndexed, 9);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(filterRows(indices, width, height), { level: deflateLevel })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A chunk (PNG specification, 5.3): length, type, data, and a CRC over type and data. */
function chunk(type: string, data: Uint8Array): Buffer {
  const typeAndData = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(typeAndData.length + 8);
  framed.writeUInt32BE(data.length, 0);
  typeAndData.copy(framed, 4);
  framed.writeUInt32BE(crc32(typeAndData), framed.length - 4);
  return framed;
}

/** Rows as differences from the row above (filter type Up): smooth pictures deflate to a fraction that way. */
function filterRows(indices: Uint8Array, width: number, height: number): Uint8Array {
  const stride = width + 1;
  const filtered = new Uint8Array(stride * height);
  for (let row = 0; row < height; row += 1) {
    filtered[row * stride] = filterUp;
    for (let column = 0; column < width; column += 1) {
      const at = row * width + column;
      const above = row === 0 ? 0 : (indices[at - width] ?? 0);
      filtered[row * stride + 1 + column] = (indices[at] ?? 0) - above;
    }
  }
  return filtered;
}
