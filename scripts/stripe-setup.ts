import { z } from 'zod';
import { CannotRun, readArguments, runCommand, serverOptions, serverUsage } from './support/command.ts';
import { ask, type Server, serverOf } from './support/server.ts';

// Has a running server make the products and prices of its catalog in Stripe.
const usage = `npm run stripe:setup -- [--url <url>] [--key <key>] [--mode <mode>] [--apply]

Says what the catalog sells and Stripe lacks: products, and prices by their lookup keys. With --apply it is made, and
the ids of the prices are written to the catalog. A price that has changed is replaced; its subscriptions stay at it.

${serverUsage}
  --mode      live, test_only or sandbox: do nothing unless the server is in this mode
  --apply     does it; without it nothing is changed

Ends with 0 when it is said or done, with 2 when it could not be.
`;

const modes = ['live', 'test_only', 'sandbox'];

const billingSchema = z.object({ billing: z.object({ mode: z.string() }) });
const setUpSchema = z.object({
  setUpStripe: z.union([
    z.object({ applied: z.boolean(), steps: z.array(z.object({ description: z.string() })) }),
    z.object({ message: z.string() }),
  ]),
});

await runCommand(async () => {
  const options = { ...serverOptions, mode: { type: 'string' }, apply: { type: 'boolean', default: false } } as const;
  const { values } = readArguments({ options }, usage);
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const server = serverOf(values);
  const mode = await modeOf(server, values.mode);
  const query = `mutation ($apply: Boolean!) {
    setUpStripe(apply: $apply) {
      ... on StripeSetUp { applied steps { description } }
      ... on Error { message }
    }
  }`;
  const { setUpStripe: done } = await ask(server, query, { apply: values.apply }, setUpSchema);
  if ('message' in done) throw new CannotRun(done.message);
  for (const { description } of done.steps) process.stdout.write(`${description}\n`);
  process.stdout.write(`${summaryOf(done.steps.length, done.applied, mode)}\n`);
  return 0;
});

/** The mode of the server. Throws when it is not the one that was asked for. */
async function modeOf(server: Server, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined && !modes.includes(wanted)) {
    throw new CannotRun(`--mode must be ${modes.join(', ')}, not ${wanted}.`);
  }
  const { billing } = await ask(server, '{ billing { mode } }', {}, billingSchema);
  const mode = billing.mode.toLowerCase();
  if (wanted === undefined || wanted === mode) return mode;
  throw new CannotRun(
    `The server is in the mode ${mode}, not ${wanted}, so nothing was done. ` +
      `Start it with BILLING_MODE=${wanted} and the keys of that mode, or name the server that runs in it with --url.`,
  );
}

function summaryOf(steps: number, applied: boolean, mode: string): string {
  const inMode = `in the mode ${mode}`;
  if (steps === 0) return `Stripe has all that the catalog sells, ${inMode}: there is nothing to do.`;
  const count = `${steps} ${steps === 1 ? 'step' : 'steps'}`;
  return applied ? `${count} done, ${inMode}.` : `${count} to do, ${inMode}; --apply does them.`;
}
