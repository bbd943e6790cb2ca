import { parseArgs } from 'node:util';
import { z } from 'zod';

// Recomputes wallets of a running server from their journals, and names the first row of each that disagrees.
const usage = `npm run verify -- [--url <url>] [--key <key>] [--rebuild] [<account id> ...]

Recomputes the wallets of these accounts from their journals, or those of all accounts.

  --url       where the server is; else WZRD_URL, else http://localhost:4000
  --key       an administrator's key; else WZRD_ADMIN_KEY, else on this machine that of the playground's sandbox
  --rebuild   writes the wallets that disagree anew from their journals, and verifies them again

Ends with 0 when all agree, with 1 when any does not, with 2 when they could not be read.
`;

/** Of the embedded sandbox on loopback; no other server knows it. */
const demoAdminKey = 'wzrd_test_admin';
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

const errorsSchema = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });
const pageSchema = z.object({
  data: z.object({
    accounts: z.object({
      nodes: z.array(z.object({ id: z.string() })),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  }),
});
const verificationFields = 'ok transfers firstBad problem';
const verificationSchema = z.object({
  ok: z.boolean(),
  transfers: z.number(),
  firstBad: z.string().nullable(),
  problem: z.string().nullable(),
});
const verifiedSchema = z.object({ data: z.object({ verifyLedger: verificationSchema.nullable() }) });
const rebuiltSchema = z.object({
  data: z.object({
    rebuildWallet: z.union([
      z.object({ corrected: z.number(), verification: verificationSchema }),
      z.object({ message: z.string() }),
    ]),
  }),
});
type Verification = z.infer<typeof verificationSchema>;

/** Something that keeps wallets from being read at all. */
class CannotVerify extends Error {}

interface Server {
  readonly endpoint: URL;
  readonly key: string;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof CannotVerify)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

async function run(): Promise<number> {
  const { values, positionals } = readArguments();
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
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string' },
        key: { type: 'string' },
        rebuild: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new CannotVerify(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function serverOf(values: { url?: string | undefined; key?: string | undefined }): Server {
  const given = values.url ?? (process.env['WZRD_URL'] || 'http://localhost:4000');
  if (!URL.canParse(given)) throw new CannotVerify(`${given} is not a URL.`);
  // The typed client's example takes the address of the endpoint, so that is understood here too.
  const endpoint = new URL(`${given.replace(/\/+(graphql)?\/*$/, '')}/graphql`);
  const key = values.key ?? (process.env['WZRD_ADMIN_KEY'] || null);
  if (key !== null) return { endpoint, key };
  if (loopbackHosts.has(endpoint.hostname)) return { endpoint, key: demoAdminKey };
  throw new CannotVerify("Give an administrator's key, with --key or WZRD_ADMIN_KEY.");
}

/** The ids of all accounts, the newest first, read a page at a time. */
async function* allAccounts(server: Server): AsyncGenerator<string> {
  const query =
    'query ($after: String) { accounts(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  for (let after: string | null = null; ;) {
    const answer = await ask(server, query, { after });
    const { nodes, pageInfo }: z.infer<typeof pageSchema>['data']['accounts'] = read(pageSchema, answer).data.accounts;
    for (const { id } of nodes) yield id;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

/** Verifies one wallet, says what came of it, and gives whether all agrees. */
async function verify(server: Server, accountId: string): Promise<boolean> {
  const query = `query ($id: ID!) { verifyLedger(accountId: $id) { ${verificationFields} } }`;
  const found = read(verifiedSchema, await ask(server, query, { id: accountId })).data.verifyLedger;
  return tell(accountId, found);
}

/** Writes one wallet anew from its journal, says what came of it, and gives whether all agrees now. */
async function rebuild(server: Server, accountId: string): Promise<boolean> {
  const query = `mutation ($id: ID!) {
    rebuildWallet(accountId: $id) {
      ... on WalletRebuild { corrected verification { ${verificationFields} } }
      ... on Error { message }
    }
  }`;
  const rebuilt = read(rebuiltSchema, await ask(server, query, { id: accountId })).data.rebuildWallet;
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

async function ask({ endpoint, key }: Server, query: string, variables: object): Promise<unknown> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CannotVerify(
      `${endpoint.href} does not answer as it should: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function read<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const failed = errorsSchema.safeParse(answer);
  if (failed.success) throw new CannotVerify(failed.data.errors.map(({ message }) => message).join(' '));
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw new CannotVerify('The server gave an answer that this script does not understand.');
  return parsed.data;
}
