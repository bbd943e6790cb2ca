import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import type { AssetStorage, AssetUrls, FindFile } from '../generation/index.ts';
import { HttpError, header } from './request.ts';

/** Serves the files of generations, and those that were uploaded for them, under addresses that are signed and expire. Nothing in them can run in a page. */
export function createAssetHandler({
  findFile,
  storage,
  assetUrls,
  clock,
}: {
  readonly findFile: FindFile;
  readonly storage: AssetStorage;
  readonly assetUrls: AssetUrls;
  readonly clock: Clock;
}): (request: IncomingMessage, response: ServerResponse, fileId: string, url: URL) => Promise<void> {
  return async (request, response, fileId, url) => {
    const goodUntil = assetUrls.goodUntil(fileId, url.searchParams);
    const file = goodUntil === null ? null : await findFile(fileId);
    if (goodUntil === null || file === null) throw new HttpError(404, 'There is no such file.');
    const secondsLeft = Math.floor((goodUntil - clock.now()) / 1_000);
    if (secondsLeft <= 0)
      throw new HttpError(403, 'This address has expired. Ask for the file anew: it has another url.');
    const range = rangeOf(header(request, 'range'), file.bytes);
    const headers = {
      'content-type': file.mimeType,
      'accept-ranges': 'bytes',
      'cache-control': `private, max-age=${secondsLeft}, immutable`,
      'content-disposition': `inline; filename="${file.id}.${extensionOf(file.mimeType)}"`,
      'content-security-policy': policyOf(file.mimeType),
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    };
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${file.bytes}` });
      response.end();
      return;
    }
    // Opened first: a file that is not there is an error with an answer.
    const content = request.method === 'HEAD' ? null : await storage.read(file.key, range ?? undefined);
    if (range === null) response.writeHead(200, { ...headers, 'content-length': String(file.bytes) });
    else {
      response.writeHead(206, {
        ...headers,
        'content-length': String(range.last - range.first + 1),
        'content-range': `bytes ${range.first}-${range.last}/${file.bytes}`,
      });
    }
    if (content === null) response.end();
    else await pipeline(content, response);
  };
}

/** What a file may do when a browser opens it as a page: nothing, but a film or a sound may be played. */
const policyOf = (mimeType: string): string =>
  /^(audio|video)\//.test(mimeType)
    ? // Without its own origin, a browser's page around a film or a sound may not load it.
      "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin"
    : "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** How names of files of a type end. */
const extensionOf = (mimeType: string): string => extensions[mimeType] ?? mimeType.replace(/^.*\//, '');

const extensions: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/svg+xml': 'svg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'video/quicktime': 'mov',
  'video/x-matroska': 'mkv',
};

/** The one range of bytes that a `Range` header asks for (RFC 9110, 14.2); null, for the whole file, when it asks for none or several. */
function rangeOf(text: string | null, bytes: number): { first: number; last: number } | 'unsatisfiable' | null {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '') ?? [];
  if (from === '' && to === '') return null;
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (first >= bytes || (from === '' && Number(to) === 0)) return 'unsatisfiable';
  return first > last ? null : { first, last };
}
