import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, extname } from 'node:path';
import { chooseEncoding, compress, type Compressible } from '../compression.ts';
import { HttpError, header } from '../request.ts';
import { send } from '../response.ts';

/** Files that never change under their names, because the names carry hashes of what is in them. */
export interface StaticFiles {
  /** The name under which the file is served: `graphiql.min.<hash>.js`. */
  nameOf(path: string): string;
  /** Answers with the file of this name. Throws {@link HttpError} 404 when there is none. */
  send(request: IncomingMessage, response: ServerResponse, name: string): Promise<void>;
}

interface StaticFile extends Compressible {
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the files once; each is compressed when it is first asked for. */
export function createStaticFiles(paths: readonly string[]): StaticFiles {
  const names = new Map<string, string>();
  const files = new Map<string, StaticFile>();
  for (const path of paths) {
    const content = readFileSync(path);
    const extension = extname(path);
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
    const name = `${basename(path, extension)}.${hash}${extension}`;
    names.set(path, name);
    files.set(name, { type: types[extension] ?? 'application/octet-stream', content, compressed: new Map() });
  }
  return {
    nameOf(path) {
      const name = names.get(path);
      if (name === undefined) throw new Error(`${path} is not among the static files.`);
      return name;
    },
    async send(request, response, name) {
      const file = files.get(name);
      if (file === undefined) throw new HttpError(404, 'There is no such file.');
      const encoding = chooseEncoding(header(request, 'accept-encoding') ?? '');
      send(response, 200, await compress(file, encoding), {
        'content-type': file.type,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding, origin',
        ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
      });
    },
  };
}
