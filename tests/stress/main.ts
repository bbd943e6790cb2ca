import { startPostgresServer } from '../support/postgres-server.ts';
import { isSound, printReport } from './report.ts';
import { runStress } from './run.ts';
import { readSettings, type Settings, usage } from './settings.ts';

// Several server processes on one real PostgreSQL under load, and whether every credit is there in the end.
const settings = settingsOrUsage();
if (settings !== null) {
  process.stdout.write(
    `Starting ${settings.processes} servers. The load takes ${settings.seconds} s, and what it left under way up to ${settings.settleWithinSeconds} s.\n\n`,
  );
  const postgres = await startPostgresServer({ durable: false });
  try {
    const report = await runStress(settings, postgres.url);
    process.stdout.write(printReport(report));
    if (!isSound(report)) process.exitCode = 1;
  } finally {
    await postgres.stop();
  }
}

function settingsOrUsage(): Settings | null {
  try {
    const read = readSettings(process.argv.slice(2));
    if (read === null) process.stdout.write(usage);
    return read;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exitCode = 1;
    return null;
  }
}
