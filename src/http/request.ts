import type { IncomingMessage } from 'node:http';

/** A request that is answered with this status and message as it stands. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The most bytes that a body may have; enough for the largest params and a long document. */
const mostBodyBytes = 262_144;

/** How long a body may take to come. */
const usualBodyMs = 30_000;

/** Reads a body to its end. Throws {@link HttpError} 413 as soon as it is too large, and 408 when it does not come in time. */
export function readBody(
  request: IncomingMessage,
  { mostBytes = mostBodyBytes, withinMs = usualBodyMs }: { mostBytes?: number; withinMs?: number } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = (): HttpError => new HttpError(413, `A body may have at most ${mostBytes} bytes.`);
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > mostBytes) {
      reject(tooLarge());
      return;
    }
    const timer = setTimeout(() => reject(new HttpError(408, 'The body did not come in time.')), withinMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      // What is left of a body that is refused is read and dropped: ending the connection here would end it before the answer.
      if (bytes > mostBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.once('end', () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
      if (!request.complete) reject(new Error('The client went away before its body had come.'));
    });
  });
}

/** How deep a body may be nested: whoever walks through a deeper one would run out of stack. */
const mostLevels = 64;

/** Reads a body that is JSON. Throws {@link HttpError} 400 for one that is none, or too deep. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'The body is not JSON.');
  }
  if (isTooDeep(value)) throw new HttpError(400, `The body is nested deeper than ${mostLevels} levels.`);
  return value;
}

/** Whether a value is nested deeper than one may be. */
export const isTooDeep = (value: unknown): boolean => isDeeperThan(mostLevels, value);

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member)));

/** The address that was asked for. Throws {@link HttpError} 400 for one that is none. */
export function urlOf(request: IncomingMessage): URL {
  const target = request.url ?? '/';
  // The base counts only for the usual form, a path; a request through a proxy has the whole address.
  if (!URL.canParse(target, 'http://localhost')) throw new HttpError(400, 'This address is none.');
  return new URL(target, 'http://localhost');
}

/** A header that is sent once; the first one when it came more often. */
export function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** A header whose text may go beyond ASCII: clients send UTF-8, and Node.js reads bytes. */
export function textHeader(request: IncomingMessage, name: string): string | null {
  const value = header(request, name);
  return value === null ? null : Buffer.from(value, 'latin1').toString('utf8');
}

/** The API key of a request, from `Authorization: Bearer` or `x-api-key`; null when it has neither. */
export function apiKeyOf(request: IncomingMessage): string | null {
  const authorization = header(request, 'authorization');
  return authorization === null ? header(request, 'x-api-key') : keyInAuthorization(authorization);
}

/** The API key in the words of an `Authorization` header; an empty one, which nobody has, for others than `Bearer`. */
export const keyInAuthorization = (authorization: string): string =>
  /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
