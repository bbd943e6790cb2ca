import { crc32, inflateSync } from 'node:zlib';

/** What a PNG file says, read by the specification and independently of the encoder. */
interface DecodedPng {
  readonly width: number;
  readonly height: number;
  readonly chunkTypes: readonly string[];
  readonly palette: Buffer;
  /** One palette index a pixel, row by row. */
  readonly indices: Buffer;
}

/** Reads an 8-bit indexed PNG whose rows use filter None or Up; throws on anything else and on a wrong CRC. */
export function decodePng(content: Uint8Array): DecodedPng {
  const file = Buffer.from(content);
  if (file.subarray(0, 8).toString('hex') !== '89504e470d0a1a0a') throw new Error('No PNG signature.');
  const chunks = new Map<string, Buffer>();
  let at = 8;
  while (at < file.length) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const expectedCrc = file.readUInt32BE(at + 8 + length);
    if (crc32(file.subarray(at + 4, at + 8 + length)) !== expectedCrc) throw new Error(`Wrong CRC of ${type}.`);
    chunks.set(type, file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const header = chunks.get('IHDR') ?? Buffer.alloc(0);
  if (header.subarray(8).toString('hex') !== '0803000000') throw new Error('Not 8-bit indexed.');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  return {
    width,
    height,
    chunkTypes: [...chunks.keys()],
    palette: chunks.get('PLTE') ?? Buffer.alloc(0),
    indices: unfilter(inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0)), width, height),
  };
}

function unfilter(rows: Buffer, width: number, height: number): Buffer {
  if (rows.length !== (width + 1) * height) throw new Error('Too few or too many rows.');
  const indices = Buffer.alloc(width * height);
  for (let row = 0; row < height; row += 1) {
    const filter = rows.readUInt8(row * (width + 1));
    if (filter !== 0 && filter !== 2) throw new Error(`Unexpected filter ${filter}.`);
    for (let column = 0; column < width; column += 1) {
      const above = filter === 0 || row === 0 ? 0 : indices.readUInt8((row - 1) * width + column);
      indices.writeUInt8((rows.readUInt8(row * (width + 1) + 1 + column) + above) % 256, row * width + column);
    }
  }
  return indices;
}
