import type { IncomingMessage, ServerResponse } from 'node:http';
import { UploadError, type UploadProblem, type Uploads } from '../generation/index.ts';
import { HttpError, header } from './request.ts';
import { sendJson } from './response.ts';

const statusOf: Readonly<Record<UploadProblem, number>> = {
  UNKNOWN: 404,
  EXPIRED: 403,
  TAKEN: 409,
  EMPTY: 400,
  TOO_LARGE: 413,
  WRONG_TYPE: 415,
  NO_ROOM: 507,
};

/** Takes files that are put to the addresses of `createUpload`, and says what they are. */
export function createUploadHandler(
  uploads: Uploads,
): (request: IncomingMessage, response: ServerResponse, token: string) => Promise<void> {
  return async (request, response, token) => {
    const announced = header(request, 'content-length');
    // An early end of the loop would end the connection, and with it the answer.
    const content: AsyncIterableIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
    try {
      const upload = await uploads.receive(token, content, announced === null ? null : Number(announced));
      sendJson(response, 201, { url: uploads.urlOf(upload), mimeType: upload.mimeType, bytes: upload.bytes });
    } catch (error) {
      // The rest of a file that was refused is read and dropped.
      await content.return?.();
      request.resume();
      if (error instanceof UploadError) throw new HttpError(statusOf[error.problem], error.message);
      throw error;
    }
  };
}
