import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { openMedia } from './media-stream.ts';
import { isPublicAddress } from './public-address.ts';
import { sniffedBytes } from './sniff-media.ts';

/** A picture, film or sound that is being fetched. */
export interface RemoteFile {
  readonly mimeType: string;
  /** Breaks off with a {@link RemoteFileError} when it is too large or does not come to its end. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** When a file cannot be had; `message` is for the person who named it. */
export class RemoteFileError extends Error {
  override readonly name = 'RemoteFileError';
  /** Whether it may be there later. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing: boolean) {
    super(message);
    this.isPassing = isPassing;
  }
}

/** Files on other servers: fetched over https alone, from public addresses alone, and never without an end. */
export interface RemoteFiles {
  /** Begins to fetch a file. Throws {@link RemoteFileError}. */
  fetch(url: string): Promise<RemoteFile>;
  /** The MIME type of a file by its first bytes; the rest stays where it is. Throws {@link RemoteFileError}. */
  typeOf(url: string): Promise<string>;
}

/** A step has 30 s. */
const fetchTimeoutMs = 25_000;
const typeTimeoutMs = 6_000;
const mostFileBytes = 256 * 1_024 * 1_024;
const mostRedirects = 3;

/** Gives the files of other servers. `allowedOrigins` are fetched from wherever they are, also over http. */
export function createRemoteFiles(allowedOrigins: readonly string[]): RemoteFiles {
  const open = async (url: string, signal: AbortSignal, headers: Record<string, string>): Promise<IncomingMessage> => {
    let address = url;
    for (let redirects = 0; ; redirects += 1) {
      const response = await request(readAddress(address, allowedOrigins), signal, headers);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if (statusCode === 200 || statusCode === 206) return response;
      response.destroy();
      if (statusCode >= 300 && statusCode < 400 && location !== undefined && redirects < mostRedirects) {
        if (!URL.canParse(location, address)) throw new RemoteFileError('Its server leads nowhere.', false);
        address = new URL(location, address).href;
        continue;
      }
      const isPassing = statusCode === 408 || statusCode === 429 || statusCode >= 500;
      throw new RemoteFileError(`Its server answers with HTTP ${statusCode}.`, isPassing);
    }
  };

  return {
    fetch: async (url) => {
      const response = await open(url, AbortSignal.timeout(fetchTimeoutMs), {});
      if (Number(response.headers['content-length'] ?? 0) > mostFileBytes) {
        response.destroy();
        throw tooLarge();
      }
      const { mimeType, content } = await openMedia(chunksOf(response), mostFileBytes, tooLarge);
      if (mimeType === null) {
        response.destroy();
        throw noMedia();
      }
      return { mimeType, content };
    },
    typeOf: async (url) => {
      const signal = AbortSignal.timeout(typeTimeoutMs);
      const response = await open(url, signal, { range: `bytes=0-${sniffedBytes - 1}` });
      const { mimeType } = await openMedia(chunksOf(response), mostFileBytes, tooLarge);
      response.destroy();
      if (mimeType === null) throw noMedia();
      return mimeType;
    },
  };
}

const tooLarge = (): RemoteFileError =>
  new RemoteFileError(`It has more than ${mostFileBytes / 1_024 / 1_024} MiB.`, false);
const noMedia = (): RemoteFileError => new RemoteFileError('It is no picture, film or sound.', false);
const notPublic = (): RemoteFileError => new RemoteFileError('It is not on the public internet.', false);
const unreachable = (): RemoteFileError => new RemoteFileError('It cannot be reached.', true);

interface Address {
  readonly url: URL;
  /** Whether its server may be on a private network. */
  readonly isAllowed: boolean;
}

function readAddress(text: string, allowedOrigins: readonly string[]): Address {
  if (!URL.canParse(text)) throw new RemoteFileError('It has no address that makes sense.', false);
  const url = new URL(text);
  if (allowedOrigins.includes(url.origin)) return { url, isAllowed: true };
  if (url.protocol !== 'https:') throw new RemoteFileError('Its address must begin with https.', false);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw notPublic();
  return { url, isAllowed: false };
}

/** Checks the very addresses to which the connection is made: a name could lead elsewhere when it is asked twice. */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) callback(error ?? new Error('no address'), '', 4);
    else if (!addresses.every(({ address }) => isPublicAddress(address))) callback(notPublic(), '', 4);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function request(
  { url, isAllowed }: Address,
  signal: AbortSignal,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    const options = {
      signal,
      headers: { ...headers, 'accept-encoding': 'identity' },
      ...(isAllowed ? {} : { lookup: lookUpPublic }),
    };
    get(url, options, resolve).on('error', (error) => {
      reject(error instanceof RemoteFileError ? error : unreachable());
    });
  });
}

/** The bytes of a response as they come. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array, void> {
  try {
    // A response without an encoding gives buffers.
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch {
    throw unreachable();
  }
  if (!response.complete) throw unreachable();
}
