import { encodePng } from '../../../src/providers/sandbox/png.ts';

/** The smallest files that begin as files of their types do. */
export const media = {
  png: Buffer.from(
    encodePng({
      width: 2,
      height: 2,
      palette: Uint8Array.of(200, 30, 30, 30, 30, 200),
      indices: Uint8Array.of(0, 1, 1, 0),
    }),
  ),
  mp4: Buffer.from('\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08free', 'latin1'),
  mp3: Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x00and then the music', 'latin1'),
  svg: Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  html: Buffer.from('<!doctype html><script>alert(1)</script>'),
} as const;
