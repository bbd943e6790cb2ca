import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createYoga } from 'graphql-yoga';
import { pino } from 'pino';
import { startApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/index.ts';
import { createIdSource } from '../../src/ids.ts';
import type { Context } from '../../src/resolvers/context.ts';
import { schema } from '../../src/schema/index.ts';

// Our schema, services and database behind Yoga as its documentation sets it up.
const config = readConfig(process.env);
const app = await startApp({
  config,
  database: await openDatabase(config),
  clock: systemClock,
  createIds: createIdSource,
  log: pino({ level: config.logLevel }, pino.destination(2)),
  automaticJobs: false,
});
const { services } = app;
const yoga = createYoga({
  schema,
  logging: false,
  context: async ({ request }): Promise<Context> => {
    const key = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
    const caller = key === undefined ? null : await services.accounts.authenticate(key);
    return { services, caller, idempotencyKey: null, lastEventId: null, left: null };
  },
});
// Yoga answers its promise to nobody.
const server = createServer((request, response) => void yoga(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo; // A TCP server has a port once it listens.
process.stdout.write(`ready at http://localhost:${port}/graphql, Press Ctrl-C to stop it\n`);
process.once('SIGTERM', () => process.exit());
