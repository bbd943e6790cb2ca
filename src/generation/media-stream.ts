import { sniffedBytes, sniffMedia } from './sniff-media.ts';

/** A file that is coming in. */
export interface MediaStream {
  /** By how it begins; null for what is no picture, film or sound. */
  readonly mimeType: string | null;
  readonly isEmpty: boolean;
  /** All of it, from its first byte on. Breaks off with the error of {@link openMedia} when it is too large. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Looks at how a file begins, which may take waiting for its first bytes. `tooLarge` makes the error of a file with more than `mostBytes`. */
export async function openMedia(
  source: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLarge: () => Error,
): Promise<MediaStream> {
  const chunks = source[Symbol.asyncIterator]();
  const head = await readHead(chunks);
  return {
    mimeType: sniffMedia(head),
    isEmpty: head.byteLength === 0,
    content: whole(head, chunks, mostBytes, tooLarge),
  };
}

/** Takes chunks until they tell the type. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < sniffedBytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    bytes += next.value.byteLength;
  }
  return Buffer.concat(taken);
}

async function* whole(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  mostBytes: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array> {
  let bytes = head.byteLength;
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    bytes += next.value.byteLength;
    if (bytes > mostBytes) throw tooLarge();
    yield next.value;
  }
}
