import DataLoader from 'dataloader';
import type { Database } from '../db/index.ts';
import { type Rebuild, rebuildWallet } from './rebuild.ts';
import { gathering } from '../gathering.ts';
import { InvalidInputError } from '../errors.ts';
import type { GrantState } from './core/grant-state.ts';
import type {
  AccountId,
  Grant,
  GrantId,
  GrantSource,
  Hold,
  HoldId,
  Instant,
  TransactionType,
  Transfer,
} from './core/types.ts';
import {
  countGrants,
  countTransfers,
  type MovementSum,
  type PageRequest,
  type RecordedHistory,
  readAvailable,
  readGrants,
  readGrantsByKey,
  readHoldsByKey,
  readTransfer,
  readTransferPages,
  sumMovements,
  type TransferFilter,
  type TransferPage,
} from './history.store.ts';
import type { WalletView } from './ledger.ts';
import { proveHistory, type Verification, verifyWallet } from './verify.ts';

export interface Explanation {
  readonly available: number;
  /** They add up to `available`. */
  readonly lines: readonly { readonly label: string; readonly amount: number; readonly transactions: number }[];
  readonly asOf: Instant;
}

/** What happened on a wallet. Reads alone, each as true at the view's instant as if all that was due had been recorded. */
export interface History {
  transfers(wallet: WalletView, filter: TransferFilter, page: PageRequest<number>): Promise<Transfer[]>;
  countTransfers(wallet: WalletView, filter: TransferFilter): Promise<number>;
  transfer(wallet: WalletView, sequence: number): Promise<Transfer | null>;
  grants(wallet: WalletView, state: GrantState | null, page: PageRequest<string>): Promise<Grant[]>;
  countGrants(wallet: WalletView, state: GrantState | null): Promise<number>;
  /** A grant of the wallet by its id; concurrent reads are gathered. */
  grant(wallet: WalletView, grantId: GrantId): Promise<Grant | null>;
  /** A hold as it is recorded; an open one counts as lapsed from its `expiresAt` on. Concurrent reads are gathered. */
  hold(accountId: AccountId, holdId: HoldId): Promise<Hold | null>;
  /** What was available at the end of an instant. Throws {@link InvalidInputError} for one that is still to come. */
  availableAsOf(wallet: WalletView, asOf: Instant): Promise<number>;
  /** Recomputes a wallet from its journal and names the first row that disagrees; null when the account has none. */
  verify(accountId: AccountId): Promise<Verification | null>;
  /** Writes the amounts of a wallet anew from its journal; null without a wallet. */
  rebuild(accountId: AccountId): Promise<Rebuild | null>;
  /** Whether history up to a transfer is still the one that had this hash, in hexadecimal. */
  prove(wallet: WalletView, sequence: number, hash: string): Promise<boolean>;
  /** Why that much is or was available. Throws {@link InvalidInputError} for an instant that is still to come. */
  explain(wallet: WalletView, asOf: Instant): Promise<Explanation>;
}

export function createHistory(database: Database): History {
  const { prisma } = database;
  const grantLoader = new DataLoader<{ accountId: AccountId; grantId: GrantId }, Grant | null>(
    (keys) => readGrantsByKey(prisma, keys),
    gathering,
  );
  const holdLoader = new DataLoader<{ accountId: AccountId; holdId: HoldId }, Hold | null>(
    (keys) => readHoldsByKey(prisma, keys),
    gathering,
  );
  const pageLoader = new DataLoader<TransferPage & { filter: TransferFilter }, Transfer[]>(
    (wanted) => readPages(prisma, wanted),
    gathering,
  );
  const readTransfers = (wallet: WalletView, filter: TransferFilter, page: PageRequest<number>): Promise<Transfer[]> =>
    pageLoader.load({ recorded: recordedOf(wallet), filter, page });
  const projected = (wallet: WalletView, grant: Grant): Grant => wallet.state.grants.get(grant.id) ?? grant;
  return {
    transfers: async (wallet, filter, page) => {
      const due = wallet.unrecorded.filter((transfer) => fits(transfer, filter) && isOnPage(transfer, page));
      // Newest first, what is not recorded yet stands before what is.
      if (!page.inverted) {
        const newest = due.reverse().slice(0, page.limit);
        const missing = page.limit - newest.length;
        if (missing === 0) return newest;
        return [...newest, ...(await readTransfers(wallet, filter, { ...page, limit: missing }))];
      }
      const recorded = await readTransfers(wallet, filter, page);
      return [...recorded, ...due].slice(0, page.limit);
    },
    countTransfers: async (wallet, filter) =>
      (await countTransfers(prisma, recordedOf(wallet), filter)) +
      wallet.unrecorded.filter((transfer) => fits(transfer, filter)).length,
    transfer: async (wallet, sequence) =>
      wallet.unrecorded.find((transfer) => transfer.sequence === sequence) ??
      (await readTransfer(prisma, wallet.state.accountId, sequence)),
    grants: async (wallet, state, page) => {
      const grants = await readGrants(prisma, wallet.state.accountId, state, wallet.at, page);
      return grants.map((grant) => projected(wallet, grant));
    },
    countGrants: (wallet, state) => countGrants(prisma, wallet.state.accountId, state, wallet.at),
    grant: async (wallet, grantId) =>
      wallet.state.grants.get(grantId) ?? (await grantLoader.load({ accountId: wallet.state.accountId, grantId })),
    hold: (accountId, holdId) => holdLoader.load({ accountId, holdId }),
    availableAsOf: async (wallet, asOf) => {
      refuseFuture(wallet, asOf);
      const due = wallet.unrecorded.filter((transfer) => transfer.occurredAt <= asOf).at(-1);
      return due?.availableAfter ?? (await readAvailable(prisma, recordedOf(wallet), asOf));
    },
    verify: (accountId) => verifyWallet(database, accountId),
    rebuild: (accountId) => rebuildWallet(database, accountId),
    prove: (wallet, sequence, hash) => proveHistory(database, wallet.state.accountId, sequence, hash),
    explain: async (wallet, asOf) => {
      refuseFuture(wallet, asOf);
      const recorded = await sumMovements(prisma, recordedOf(wallet), asOf);
      const due = wallet.unrecorded.filter((transfer) => transfer.occurredAt <= asOf);
      const lines = explanationLines([...recorded, ...due.flatMap((transfer) => movementsOf(wallet, transfer))]);
      return { available: lines.reduce((sum, line) => sum + line.amount, 0), lines, asOf };
    },
  };
}

/** Reads pages in as few statements as there are filters and directions among them, nearly always one, and each page once. */
async function readPages(
  prisma: Database['prisma'],
  wanted: readonly (TransferPage & { readonly filter: TransferFilter })[],
): Promise<Transfer[][]> {
  const kinds = new Map<string, { filter: TransferFilter; inverted: boolean; pages: Map<string, TransferPage> }>();
  const names = wanted.map(({ recorded, filter, page }) => {
    const ofKind = JSON.stringify([filter, page.inverted]);
    const ofPage = JSON.stringify([recorded, page]);
    const kind = kinds.get(ofKind) ?? { filter, inverted: page.inverted, pages: new Map<string, TransferPage>() };
    kinds.set(ofKind, kind);
    kind.pages.set(ofPage, { recorded, page });
    return ofKind + ofPage;
  });
  const found = new Map<string, Transfer[]>();
  await Promise.all(
    [...kinds].map(async ([ofKind, { filter, inverted, pages }]) => {
      const read = await readTransferPages(prisma, filter, inverted, [...pages.values()]);
      for (const [index, ofPage] of [...pages.keys()].entries()) found.set(ofKind + ofPage, read[index] ?? []);
    }),
  );
  return names.map((name) => found.get(name) ?? []);
}

const recordedOf = ({ state, head }: WalletView): RecordedHistory => ({
  accountId: state.accountId,
  newest: head.sequence,
});

function refuseFuture(wallet: WalletView, asOf: Instant): void {
  if (asOf > wallet.at) {
    throw new InvalidInputError([{ path: ['asOf'], message: 'Must not be in the future: nobody knows it yet.' }]);
  }
}

const fits = (transfer: Transfer, { types, from, to }: TransferFilter): boolean =>
  (types === null || types.includes(transfer.type)) &&
  (from === null || transfer.occurredAt >= from) &&
  (to === null || transfer.occurredAt < to);

const isOnPage = ({ sequence }: Transfer, { after, before }: PageRequest<number>): boolean =>
  (after === null || sequence < after) && (before === null || sequence > before);

/** The signed effect of a transfer on what is available, in credits. */
export const effectOnAvailable = ({ from, to, amount }: Transfer): number =>
  to === 'AVAILABLE' ? amount : from === 'AVAILABLE' ? -amount : 0;

function movementsOf(wallet: WalletView, transfer: Transfer): MovementSum[] {
  const [funding] = transfer.fundings;
  const source = funding === undefined ? null : (wallet.state.grants.get(funding.grantId)?.source ?? null);
  return [{ type: transfer.type, source, amount: effectOnAvailable(transfer), transactions: 1 }];
}

const sourceNames: Record<GrantSource, string> = {
  WELCOME: 'Welcome credits',
  PLAN: 'Plan credits',
  ROLLOVER: 'Rollover',
  PACK: 'Credit packs',
  PROMOTION: 'Promotions',
  ADJUSTMENT: 'Adjustments',
};

/** The line of an explanation on which a movement counts; null for what does not touch what is available. */
function labelOf(type: TransactionType, source: GrantSource | null): string | null {
  const name = source === null ? 'Credits' : sourceNames[source];
  switch (type) {
    case 'GRANT':
      return name;
    case 'HOLD':
    case 'RELEASE':
      return 'Generations';
    case 'REFUND':
      return 'Refunds';
    case 'EXPIRY':
      return `${name}: expired`;
    case 'VOID':
      return `${name}: withdrawn`;
    case 'CLAWBACK':
      return `${name}: taken back with the payment`;
    case 'REINSTATEMENT':
      return 'Given back with the payment';
    case 'DEBT_PAYMENT':
      return 'Debt paid';
    case 'CAPTURE':
      return null;
  }
}

function explanationLines(movements: readonly MovementSum[]): Explanation['lines'] {
  const lines = new Map<string, { label: string; amount: number; transactions: number }>();
  for (const { type, source, amount, transactions } of movements) {
    const label = labelOf(type, source);
    if (label === null) continue;
    const line = lines.get(label) ?? { label, amount: 0, transactions: 0 };
    lines.set(label, { label, amount: line.amount + amount, transactions: line.transactions + transactions });
  }
  return [...lines.values()].filter((line) => line.amount !== 0).sort(compareLines);
}

/** What came in first, then what went out, the larger before the smaller. */
const compareLines = (left: { label: string; amount: number }, right: { label: string; amount: number }): number =>
  right.amount - left.amount || (left.label < right.label ? -1 : 1);
