import { z } from 'zod';
import { CannotRun, readArguments, runCommand, serverOptions, serverUsage } from './support/command.ts';
import { ask, type Server, serverOf } from './support/server.ts';

// Has a running server compare what Stripe says with its journal, and says what differs.
const usage = `npm run stripe:reconcile -- [--url <url>] [--key <key>] [--from <time>] [--to <time>] [--repair] [--json]

Compares the payments, refunds, disputes and subscriptions at Stripe with the journal, and names all that differs.

${serverUsage}
  --from      from when on: a day (2026-01-31, in UTC) or an instant; else three days before the end
  --to        until when, exclusive; else until now
  --repair    brings what differs to what Stripe says; without it nothing is changed
  --json      says it as one JSON object

Ends with 0 when nothing differs or all is repaired, with 1 when something still differs, with 2 when it could not be
compared.
`;

const reconciliationSchema = z.object({
  from: z.string(),
  to: z.string(),
  compared: z.number(),
  ignored: z.number(),
  next: z.string().nullable(),
  differences: z.array(
    z.object({
      kind: z.string(),
      subject: z.string(),
      id: z.string(),
      accountId: z.string(),
      message: z.string(),
      repaired: z.boolean(),
    }),
  ),
});
const answerSchema = z.object({ reconcileStripe: z.union([reconciliationSchema, z.object({ message: z.string() })]) });

type Reconciliation = Omit<z.infer<typeof reconciliationSchema>, 'next'>;

await runCommand(async () => {
  const options = {
    ...serverOptions,
    from: { type: 'string' },
    to: { type: 'string' },
    repair: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const;
  const { values } = readArguments({ options }, usage);
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const window = { from: instantIn(values.from), to: instantIn(values.to) };
  const found = await reconcile(serverOf(values), window, values.repair);
  const left = found.differences.filter(({ repaired }) => !repaired).length;
  process.stdout.write(values.json ? `${JSON.stringify({ ...found, left }, null, 2)}\n` : textOf(found, left));
  return left === 0 ? 0 : 1;
});

/** A day begins at midnight in UTC; what is no instant the server refuses. */
function instantIn(given: string | undefined): string | null {
  if (given === undefined) return null;
  return /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00Z` : given;
}

/** Lets the server compare until all is compared; it says after some seconds where to go on. */
async function reconcile(
  server: Server,
  window: { from: string | null; to: string | null },
  repair: boolean,
): Promise<Reconciliation> {
  const query = `mutation ($from: DateTime, $to: DateTime, $repair: Boolean!, $after: String) {
    reconcileStripe(from: $from, to: $to, repair: $repair, after: $after) {
      ... on StripeReconciliation {
        from to compared ignored next differences { kind subject id accountId message repaired }
      }
      ... on Error { message }
    }
  }`;
  const compare = async (variables: object): Promise<z.infer<typeof reconciliationSchema>> => {
    const { reconcileStripe } = await ask(server, query, { ...variables, repair }, answerSchema);
    if ('message' in reconcileStripe) throw new CannotRun(reconcileStripe.message);
    return reconcileStripe;
  };
  let { next, ...whole } = await compare(window);
  while (next !== null) {
    const { from, to } = whole;
    const part = await compare({ from, to, after: next });
    next = part.next;
    whole = {
      from,
      to,
      compared: whole.compared + part.compared,
      ignored: whole.ignored + part.ignored,
      differences: [...whole.differences, ...part.differences],
    };
  }
  return whole;
}

function textOf({ from, to, compared, ignored, differences }: Reconciliation, left: number): string {
  const lines = differences.map(
    ({ kind, subject, id, accountId, message, repaired }) =>
      `${(repaired ? 'repaired' : kind).padEnd(10)} ${subject.padEnd(12)} ${id} of ${accountId}: ${message}`,
  );
  const summary = `${compared} compared, ${ignored} of others, from ${from} to ${to}:`;
  const outcome =
    differences.length === 0
      ? 'nothing differs.'
      : left === 0
        ? `${differences.length} differed, all repaired.`
        : `${differences.length} differ, ${left} of them still.`;
  return `${[...lines, `${summary} ${outcome}`].join('\n')}\n`;
}
