import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AssetStorage, Generations } from '../generation/index.ts';
import { HttpError } from './request.ts';

/** Serves the files of generations under ids that cannot be guessed. Nothing in them can run in a page. */
export function createAssetHandler(
  generations: Generations,
  storage: AssetStorage,
): (request: IncomingMessage, response: ServerResponse, assetId: string) => Promise<void> {
  return async (request, response, assetId) => {
    const asset = await generations.asset(assetId);
    if (asset === null) throw new HttpError(404, 'There is no such file.');
    response.writeHead(200, {
      'content-type': asset.mimeType,
      'content-length': String(asset.bytes),
      'cache-control': 'private, max-age=31536000, immutable',
      'content-disposition': 'inline',
      'content-security-policy': "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    });
    if (request.method === 'HEAD') response.end();
    else await pipeline(storage.read(asset.id), response);
  };
}
