import type { MediaKind } from '../catalog/index.ts';

/** How many bytes from the beginning of a file tell its type. */
export const sniffedBytes = 4_096;

/** The marks at fixed places by which files are known: the MIME type, and what stands where. */
const marks: readonly (readonly [mimeType: string, ...parts: readonly (readonly [at: number, mark: string])[]])[] = [
  ['image/png', [0, '\x89PNG\r\n\x1a\n']],
  ['image/jpeg', [0, '\xff\xd8\xff']],
  ['image/gif', [0, 'GIF8']],
  ['image/webp', [0, 'RIFF'], [8, 'WEBP']],
  ['audio/wav', [0, 'RIFF'], [8, 'WAVE']],
  ['image/avif', [4, 'ftypavi']],
  ['image/heic', [4, 'ftyphei']],
  ['audio/mp4', [4, 'ftypM4A']],
  ['video/quicktime', [4, 'ftypqt']],
  ['video/mp4', [4, 'ftyp']],
  ['audio/flac', [0, 'fLaC']],
  ['audio/ogg', [0, 'OggS']],
  ['audio/aiff', [0, 'FORM'], [8, 'AIFF']],
  ['audio/mpeg', [0, 'ID3']],
];

/** The MIME type of a picture, a film or a sound, by how its file begins; null for anything else, whatever it is called. */
export function sniffMedia(head: Uint8Array): string | null {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, sniffedBytes)).toString('latin1');
  const known = marks.find(([, ...parts]) => parts.every(([at, mark]) => text.startsWith(mark, at)));
  if (known !== undefined) return known[0];
  // Matroska says a little later which of its kinds it is.
  if (text.startsWith('\x1aE\xdf\xa3')) return text.slice(0, 64).includes('webm') ? 'video/webm' : 'video/x-matroska';
  const [first = 0, second = 0] = head;
  if (first === 0xff && (second & 0xe0) === 0xe0) return (second & 0x06) === 0 ? 'audio/aac' : 'audio/mpeg';
  return /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/i.test(text)
    ? 'image/svg+xml'
    : null;
}

/** The kind of a MIME type that {@link sniffMedia} gives. */
export function kindOfMedia(mimeType: string): MediaKind {
  if (mimeType.startsWith('image/')) return 'IMAGE';
  return mimeType.startsWith('video/') ? 'VIDEO' : 'AUDIO';
}

/** What a file of a kind is called, for people. */
export const nameOfKind: Readonly<Record<MediaKind, string>> = {
  IMAGE: 'an image',
  VIDEO: 'a video',
  AUDIO: 'audio',
  TEXT: 'text',
};
