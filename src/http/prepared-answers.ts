import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BoundedCache } from './bounded-cache.ts';
import { chooseEncoding, compress, type Compressible } from './compression.ts';
import type { AnswerType } from './fast-path.ts';
import { header } from './request.ts';

/** An answer that is the same for all who ask the same, as long as the catalog stays as it is. */
export interface PreparedAnswer extends Compressible {
  readonly etag: string;
  /** The content of a short one: Node.js writes a text together with the headers, bytes after them. */
  readonly shortText: string | null;
}

/** Answers kept ready under what was asked, for one state of the catalog: a change of it drops them all. */
export interface PreparedAnswers {
  find(asked: string): PreparedAnswer | undefined;
  /** Makes an answer that was computed while the catalog was `snapshot`; it is kept if the catalog still is. */
  keep(asked: string, text: string, snapshot: object): PreparedAnswer;
}

/** How many bytes of questions and answers are kept in all; compressed ones add about a tenth. */
const mostBytes = 32_000_000;
/** What is shorter does not get shorter by being compressed. */
const leastBytesToCompress = 1_000;

/** Prepares answers. `snapshot` is the catalog now; it is never changed, but replaced. */
export function createPreparedAnswers(snapshot: () => object): PreparedAnswers {
  const answers = new BoundedCache<PreparedAnswer>(mostBytes, (asked, { content }) => asked.length + content.length);
  let preparedFor = snapshot();
  const followCatalog = (): void => {
    const current = snapshot();
    if (current === preparedFor) return;
    preparedFor = current;
    answers.clear();
  };
  return {
    find: (asked) => {
      followCatalog();
      return answers.get(asked);
    },
    keep: (asked, text, computedFor) => {
      followCatalog();
      const content = Buffer.from(text);
      // Weak: it is the same answer however it is compressed and whatever its type is called.
      const etag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
      const shortText = content.length < leastBytesToCompress ? text : null;
      const answer = { content, shortText, etag, compressed: new Map() };
      if (computedFor === preparedFor) answers.set(asked, answer);
      return answer;
    },
  };
}

/** Sends a prepared answer, or 304 to those who have it already. */
export async function sendPrepared(
  request: IncomingMessage,
  response: ServerResponse,
  answer: PreparedAnswer,
  answerType: AnswerType,
): Promise<void> {
  const headers: Record<string, string | number> = {
    vary: 'origin, accept, accept-encoding',
    etag: answer.etag,
    // Kept by anybody, used only after asking whether it still holds: a price shown is the price charged.
    'cache-control': 'public, no-cache',
  };
  if (hasEtag(header(request, 'if-none-match'), answer.etag)) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const accepted = header(request, 'accept-encoding');
  const encoding = accepted === null || answer.shortText !== null ? 'identity' : chooseEncoding(accepted);
  const content = encoding === 'identity' ? answer.content : await compress(answer, encoding);
  headers['content-type'] = `${answerType}; charset=utf-8`;
  headers['content-length'] = content.length;
  if (encoding !== 'identity') headers['content-encoding'] = encoding;
  response.writeHead(200, headers);
  response.end(answer.shortText ?? content);
}

const hasEtag = (given: string | null, etag: string): boolean =>
  given !== null &&
  (given.trim() === '*' || given.split(',').some((item) => item.trim().replace(/^W\//, '') === etag.slice(2)));
