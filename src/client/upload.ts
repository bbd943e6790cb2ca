import { type Client, ClientError } from './client.ts';
import { CreateUploadDocument, type MediaKind } from './generated/graphql.ts';

/**
 * Brings a file along and gives the address by which `params` and shots name it for a day. Throws {@link ClientError} when
 * it is too large or not of the kind.
 */
export async function uploadFile(
  client: Client,
  kind: MediaKind,
  file: Blob,
  { fetch: send = fetch }: { fetch?: typeof fetch } = {},
): Promise<string> {
  const { createUpload: address } = await client.execute(CreateUploadDocument, { kind });
  if (address.__typename !== 'Upload') throw new ClientError(200, [{ message: address.message }]);
  const answer = await send(address.putUrl, { method: 'PUT', body: file });
  if (answer.ok) return address.url;
  const { error } = (await answer.json().catch(() => ({}))) as { error?: string }; // Of another shape it says nothing.
  throw new ClientError(answer.status, error === undefined ? [] : [{ message: error }]);
}
