import { z } from 'zod';
import { readArguments, runCommand, serverOptions, serverUsage } from './support/command.ts';
import { ask, type Server, serverOf } from './support/server.ts';

// Recomputes wallets of a running server from their journals, and names the first row of each that disagrees.
const usage = `npm run verify -- [--url <url>] [--key <key>] [--rebuild] [<account id> ...]

Recomputes the wallets of these accounts from their journals, or those of all accounts.

${serverUsage}
  --rebuild   writes the wallets that disagree anew from their journals, and verifies them again

Ends with 0 when all agree, with 1 when any does not, with 2 when they could not be read.
`;

const pageSchema = z.object({
  accounts: z.object({
    nodes: z.array(z.object({ id: z.string() })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});
const verificationFields = 'ok transfers firstBad problem';
const verificationSchema = z.object({
  ok: z.boolean(),
  transfers: z.number(),
  firstBad: z.string().nullable(),
  problem: z.string().nullable(),
});
const verifiedSchema = z.object({ verifyLedger: verificationSchema.nullable() });
const rebuiltSchema = z.object({
  rebuildWallet: z.union([
    z.object({ corrected: z.number(), verification: verificationSchema }),
    z.object({ message: z.string() }),
  ]),
});
type Verification = z.infer<typeof verificationSchema>;

await runCommand(async () => {
  const options = { ...serverOptions, rebuild: { type: 'boolean', default: false } } as const;
  const { values, positionals } = readArguments({ options, allowPositionals: true }, usage);
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const server = serverOf(values);
  let verified = 0;
  let wrong = 0;
  for await (const accountId of positionals.length > 0 ? positionals : allAccounts(server)) {
    const agrees = (await verify(server, accountId)) || (values.rebuild && (await rebuild(server, accountId)));
    verified += 1;
    if (!agrees) wrong += 1;
  }
  const wallets = `${verified} ${verified === 1 ? 'wallet' : 'wallets'}`;
  process.stdout.write(
    wrong === 0 ? `${wallets} verified: all agree.\n` : `${wallets} verified: ${wrong} wrong, named above.\n`,
  );
  return wrong === 0 ? 0 : 1;
});

/** The ids of all accounts, the newest first, read a page at a time. */
async function* allAccounts(server: Server): AsyncGenerator<string> {
  const query =
    'query ($after: String) { accounts(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  for (let after: string | null = null; ;) {
    const { accounts }: z.infer<typeof pageSchema> = await ask(server, query, { after }, pageSchema);
    for (const { id } of accounts.nodes) yield id;
    if (!accounts.pageInfo.hasNextPage) return;
    after = accounts.pageInfo.endCursor;
  }
}

/** Verifies one wallet, says what came of it, and gives whether all agrees. */
async function verify(server: Server, accountId: string): Promise<boolean> {
  const query = `query ($id: ID!) { verifyLedger(accountId: $id) { ${verificationFields} } }`;
  const { verifyLedger } = await ask(server, query, { id: accountId }, verifiedSchema);
  return tell(accountId, verifyLedger);
}

/** Writes one wallet anew from its journal, says what came of it, and gives whether all agrees now. */
async function rebuild(server: Server, accountId: string): Promise<boolean> {
  const query = `mutation ($id: ID!) {
    rebuildWallet(accountId: $id) {
      ... on WalletRebuild { corrected verification { ${verificationFields} } }
      ... on Error { message }
    }
  }`;
  const { rebuildWallet: rebuilt } = await ask(server, query, { id: accountId }, rebuiltSchema);
  // What there is no account for has been said already.
  if ('message' in rebuilt) return false;
  const rows = rebuilt.corrected === 1 ? 'row' : 'rows';
  process.stdout.write(`       ${accountId}: ${rebuilt.corrected} ${rows} written anew\n`);
  return tell(accountId, rebuilt.verification);
}

function tell(accountId: string, found: Verification | null): boolean {
  if (found?.ok === true) {
    const transactions = found.transfers === 1 ? 'transaction' : 'transactions';
    process.stdout.write(`ok     ${accountId}: ${found.transfers} ${transactions}\n`);
    return true;
  }
  const problem =
    found === null
      ? 'There is no such account.'
      : `${found.firstBad ?? 'The wallet'}: ${found.problem ?? 'It is wrong.'}`;
  process.stdout.write(`WRONG  ${accountId}: ${problem}\n`);
  return false;
}
