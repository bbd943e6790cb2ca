import type { IncomingMessage, ServerResponse } from 'node:http';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Caller } from '../accounts/index.ts';
import { HttpError } from './request.ts';
import { send } from './response.ts';

/** A number that is looked up whenever the metrics are read. */
export interface MeasuredNumber {
  readonly name: string;
  readonly help: string;
  readonly read: () => Promise<number>;
}

export interface Metrics {
  /** Answers in the text format of Prometheus. Throws {@link HttpError} 401 and 403 for all but administrators. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, caller: Caller | null) => Promise<void>;
}

/** What an operator watches: the state of this process, and numbers of what it is there for. */
export function createMetrics(numbers: readonly MeasuredNumber[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name, help, read } of numbers) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: async () => gauge.set(await read()),
    });
  }
  return {
    handle: async (_request, response, caller) => {
      if (caller === null) throw new HttpError(401, 'The metrics are for administrators. Send an API key of theirs.');
      if (!caller.scopes.has('admin')) throw new HttpError(403, 'The metrics are for administrators.');
      send(response, 200, await registry.metrics(), { 'content-type': registry.contentType });
    },
  };
}
