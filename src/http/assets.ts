import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AssetStorage, Generations } from '../generation/index.ts';
import { HttpError, header } from './request.ts';

/** Serves the files of generations under ids that cannot be guessed. Nothing in them can run in a page. */
export function createAssetHandler(
  generations: Generations,
  storage: AssetStorage,
): (request: IncomingMessage, response: ServerResponse, assetId: string) => Promise<void> {
  return async (request, response, assetId) => {
    const asset = await generations.asset(assetId);
    if (asset === null) throw new HttpError(404, 'There is no such file.');
    const range = rangeOf(header(request, 'range'), asset.bytes);
    const headers = {
      'content-type': asset.mimeType,
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
      'content-disposition': 'inline',
      // Without its own origin, a browser's page around a film or a sound may not load it.
      'content-security-policy':
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin",
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    };
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${asset.bytes}` });
      response.end();
      return;
    }
    // Opened first: a file that is not there is an error with an answer.
    const content = request.method === 'HEAD' ? null : await storage.read(asset.id, range ?? undefined);
    if (range === null) response.writeHead(200, { ...headers, 'content-length': String(asset.bytes) });
    else {
      response.writeHead(206, {
        ...headers,
        'content-length': String(range.last - range.first + 1),
        'content-range': `bytes ${range.first}-${range.last}/${asset.bytes}`,
      });
    }
    if (content === null) response.end();
    else await pipeline(content, response);
  };
}

/** The one range of bytes that a `Range` header asks for (RFC 9110, 14.2); null, for the whole file, when it asks for none or several. */
function rangeOf(text: string | null, bytes: number): { first: number; last: number } | 'unsatisfiable' | null {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '') ?? [];
  if (from === '' && to === '') return null;
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (first >= bytes || (from === '' && Number(to) === 0)) return 'unsatisfiable';
  return first > last ? null : { first, last };
}
