import type { IncomingMessage } from 'node:http';
import type { Context } from '../../resolvers/context.ts';
import { parseJson, readBody } from '../request.ts';

/** A request of somebody who is signed in. */
export interface Call {
  readonly context: Context;
  readonly request: IncomingMessage;
  /** What the path names; empty on a route that names nothing. */
  readonly id: string;
}

/** What a route answers, as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads a JSON body; none at all counts as an empty object. Throws {@link HttpError} for what is no JSON. */
export async function readInput({ request }: Call): Promise<unknown> {
  const body = await readBody(request);
  return body.length === 0 ? {} : parseJson(body.toString());
}

/** With whom money moves, in the words of these routes. */
export const billingModeOf = ({ services: { billing } }: Context): 'disabled' | 'test_only' | 'live' =>
  billing.mode === 'sandbox' ? 'test_only' : billing.mode;
