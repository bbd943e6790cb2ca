import cluster from 'node:cluster';
import { pino } from 'pino';
import { type App, demoKeys, startApp } from './app.ts';
import { systemClock } from './clock.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { DatabaseUnavailableError, DataDirectoryInUseError, MigrationError, openDatabase } from './db/index.ts';
import { RedisUnavailableError } from './events/index.ts';
import { createIdSource } from './ids.ts';
import { startWorkers } from './workers.ts';

try {
  const config = readConfig(process.env);
  if (config.workers > 1 && cluster.isPrimary) shareThePort(config);
  else await run(config);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

async function run(config: Config): Promise<void> {
  // Standard output is for the person who starts it; the log goes to standard error.
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const database = await openDatabase(config);
  const app = await startApp({
    config,
    database,
    clock: systemClock,
    createIds: createIdSource,
    log,
    automaticJobs: true,
  });
  // Of processes that share a port the first speaks for all.
  if (cluster.isPrimary || process.env['WORKER_NUMBER'] === '1') process.stdout.write(welcome(config, app));

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'Stopping: requests in flight finish, jobs are handed back.');
    app
      .close()
      .catch((error: unknown) => {
        log.error({ err: error }, 'The server did not stop cleanly.');
        process.exitCode = 1;
      })
      // What ties it to the owner of the port would keep the process alive.
      .finally(() => cluster.worker?.disconnect());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A request that fails must not take the others with it; the log has what happened.
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'A promise was rejected and nobody looked.'));
}

function shareThePort(config: Config): void {
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const workers = startWorkers({
    count: config.workers,
    now: () => performance.now(),
    onReplaced: (worker) => log.error(worker, 'A process ended by itself and is replaced.'),
    onEnd: (exitCode) => {
      process.exitCode = exitCode;
    },
  });
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void workers.stop(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function welcome(config: Config, app: App): string {
  const address = `${config.publicUrl ?? app.url.replace('127.0.0.1', 'localhost')}/graphql`;
  const lines = [`wzrd-credits is ready at ${address}`, ''];
  if (config.demoKeys) {
    lines.push(`  demo key   ${demoKeys.account}`, `  admin key  ${demoKeys.admin}`, '');
  } else if (app.newAdminKey !== null) {
    lines.push(`  admin key  ${app.newAdminKey}   (shown this once: keep it)`, '');
  }
  const where = config.databaseUrl === null ? config.dataDir : 'your database';
  lines.push(
    'What to do next:',
    `  1. Open ${address} in a browser: its tabs are working examples.`,
    '  2. Read README.md for a first call with curl, and for a top-up.',
    `  3. Press Ctrl-C to stop. Everything stays in ${where}.`,
    '',
  );
  return `${lines.join('\n')}\n`;
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The environment is not right:\n${error.message.replace(/^/gm, '  ')}`;
  if (
    error instanceof DataDirectoryInUseError ||
    error instanceof DatabaseUnavailableError ||
    error instanceof MigrationError ||
    error instanceof RedisUnavailableError
  ) {
    return error.message;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port is taken by another program. Stop it, or set PORT to another port.';
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
