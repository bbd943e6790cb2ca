import { z } from 'zod';
import { CannotRun } from './command.ts';

/** A running server, and the key with which it is spoken to. */
export interface Server {
  readonly endpoint: URL;
  readonly key: string;
}

/** Of the embedded sandbox on loopback; no other server knows it. */
const demoAdminKey = 'wzrd_test_admin';
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

const errorsSchema = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });

/** The server that the options or the environment name. Throws {@link CannotRun} without a key. */
export function serverOf(values: { url?: string | undefined; key?: string | undefined }): Server {
  const given = values.url ?? (process.env['WZRD_URL'] || 'http://localhost:4000');
  if (!URL.canParse(given)) throw new CannotRun(`${given} is not a URL.`);
  // The typed client's example takes the address of the endpoint, so that is understood here too.
  const endpoint = new URL(`${given.replace(/\/+(graphql)?\/*$/, '')}/graphql`);
  const key = values.key ?? (process.env['WZRD_ADMIN_KEY'] || null);
  if (key !== null) return { endpoint, key };
  if (loopbackHosts.has(endpoint.hostname)) return { endpoint, key: demoAdminKey };
  throw new CannotRun("Give an administrator's key, with --key or WZRD_ADMIN_KEY.");
}

/** Sends an operation and gives its `data`. Throws {@link CannotRun} when there is no such answer. */
export async function ask<Data>(
  server: Server,
  query: string,
  variables: object,
  data: z.ZodType<Data>,
): Promise<Data> {
  const answer = await send(server, query, variables);
  const failed = errorsSchema.safeParse(answer);
  if (failed.success) throw new CannotRun(failed.data.errors.map(({ message }) => message).join(' '));
  const parsed = z.object({ data }).safeParse(answer);
  if (!parsed.success) throw new CannotRun('The server gave an answer that this script does not understand.');
  return parsed.data.data;
}

async function send({ endpoint, key }: Server, query: string, variables: object): Promise<unknown> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CannotRun(
      `${endpoint.href} does not answer as it should: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}
