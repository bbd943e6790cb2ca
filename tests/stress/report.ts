import type { Check } from './checks.ts';
import type { Report } from './run.ts';

const mostFaultsShown = 10;

/** Whether everything held. */
export const isSound = ({ checks }: Report): boolean => checks.every(({ faults }) => faults.length === 0);

/** A report for people: settings, counts, and a line for each check. */
export function printReport(report: Report): string {
  const { settings, book, kills, loadSeconds, settleSeconds, endings, warnings, checks } = report;
  const outcomes = [...book.outcomes]
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([kind, ofKind]) =>
      [...ofKind]
        .sort(([, one], [, other]) => other - one)
        .map(([outcome, times]) => row(`${kind}: ${outcome}`, times)),
    );
  return [
    `seed ${settings.seed}: ${settings.processes} processes, ${settings.clients} clients, ${settings.wallets} wallets, ${loadSeconds.toFixed(1)} s`,
    '',
    row('requests', book.sent),
    row('requests a second', Math.round(book.sent / loadSeconds)),
    row('kill -9', kills),
    row('requests sent again after a kill', book.sentAgain),
    row('seconds until nothing was under way', settleSeconds === null ? '-' : settleSeconds.toFixed(1)),
    '',
    ...outcomes,
    '',
    ...endings.map(({ ending, count }) => row(`generations in the end: ${ending}`, count)),
    ...[...warnings].map(([warning, times]) => row(`warning: ${warning}`, times)),
    '',
    ...checks.map(printCheck),
    '',
  ].join('\n');
}

/** A line for a check, with some of its faults below. */
export const printCheck = ({ says, faults }: Check): string =>
  faults.length === 0 ? `ok      ${says}` : failed(says, faults);

const row = (what: string, value: number | string): string => `${String(value).padStart(8)}  ${what}`;

function failed(says: string, faults: readonly string[]): string {
  const shown = faults.slice(0, mostFaultsShown).map((fault) => `          ${fault}`);
  const more = faults.length > mostFaultsShown ? [`          and ${faults.length - mostFaultsShown} more`] : [];
  return [`FAILED: ${says}: ${faults.length}`, ...shown, ...more].join('\n');
}
