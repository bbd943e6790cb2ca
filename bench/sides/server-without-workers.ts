import { pino } from 'pino';
import { startApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/index.ts';
import { createIdSource } from '../../src/ids.ts';

// The server as `src/main.ts` starts it, except that nobody works off its jobs: what is left is the price of a request.
const config = readConfig(process.env);
const log = pino({ level: config.logLevel }, pino.destination(2));
const database = await openDatabase(config);
const app = await startApp({
  config,
  database,
  clock: systemClock,
  createIds: createIdSource,
  log,
  automaticJobs: false,
});
process.stdout.write(`ready at ${app.url.replace('127.0.0.1', 'localhost')}/graphql, Press Ctrl-C to stop it\n`);
process.once('SIGTERM', () => {
  void app.close();
});
