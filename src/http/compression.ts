import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

type Encoding = 'br' | 'gzip' | 'identity';

/** Something that is sent often, and compressed once in each way that is asked for. */
export interface Compressible {
  readonly content: Buffer;
  readonly compressed: Map<Encoding, Promise<Buffer>>;
}

const compressors: Readonly<Record<Encoding, (content: Buffer) => Promise<Buffer>>> = {
  // A megabyte takes about 50 ms; the best quality would take seconds for a tenth less.
  br: (content) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 7 } }),
  gzip: (content) => promisify(gzip)(content),
  identity: async (content) => content,
};

/** The content as it travels, when it is first asked for compressed there and then. */
export function compress({ content, compressed }: Compressible, encoding: Encoding): Promise<Buffer> {
  const known = compressed.get(encoding);
  if (known !== undefined) return known;
  const made = compressors[encoding](content);
  compressed.set(encoding, made);
  return made;
}

/** The best that the client takes (RFC 9110, 12.5.3). */
export function chooseEncoding(accepted: string): Encoding {
  const weights = new Map(
    accepted.split(',').map((item) => {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
  const takes = (name: string): boolean => (weights.get(name) ?? weights.get('*') ?? 0) > 0;
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : 'identity';
}
