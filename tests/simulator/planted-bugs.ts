/** A mistake that somebody could make, as replacements in the sources. Each text must be there exactly once. */
export interface PlantedBug {
  readonly name: string;
  readonly replacements: readonly { readonly file: string; readonly text: string; readonly by: string }[];
}

const core = 'src/ledger/core';
const commit = 'src/ledger/commit.ts';
const batch = 'src/ledger/batch.ts';

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'a grant can be spent at its expiresAt',
    replacements: [{ file: `${core}/due.ts`, text: 'grant.expiresAt <= now) {', by: 'grant.expiresAt < now) {' }],
  },
  {
    name: 'a grant begins after its effectiveAt',
    replacements: [{ file: `${core}/due.ts`, text: 'grant.effectiveAt <= now', by: 'grant.effectiveAt < now' }],
  },
  {
    name: 'credits are given back in forward order',
    replacements: [
      {
        file: `${core}/give-back.ts`,
        text: '[...posting.fundings].reverse()) {\n    const claimed',
        by: 'posting.fundings) {\n    const claimed',
      },
    ],
  },
  {
    name: 'a part of a charge is refunded from the first grant on',
    replacements: [
      {
        file: `${core}/apply.ts`,
        text: '  const settled = [...found.fundings]\n    .reverse()\n',
        by: '  const settled = [...found.fundings]\n',
      },
      {
        file: `${core}/apply.ts`,
        text: '      return { funding: { ...funding, refunded: funding.refunded + share }, share };\n    })\n    .reverse();',
        by: '      return { funding: { ...funding, refunded: funding.refunded + share }, share };\n    });',
      },
    ],
  },
  {
    name: 'a hold never lapses',
    replacements: [{ file: `${core}/due.ts`, text: "hold.status === 'OPEN' && hold.expiresAt <= now", by: 'false' }],
  },
  {
    name: 'a lapse gives back what came from the first grant only',
    replacements: [
      {
        file: `${core}/due.ts`,
        text: 'const fundings = hold.fundings.map(',
        by: 'const fundings = hold.fundings.slice(0, 1).map(',
      },
    ],
  },
  {
    name: 'a lapsed hold is captured for free',
    replacements: [
      {
        file: `${core}/apply.ts`,
        text: '  // A lapsed hold has given its credits back',
        by: `  if (found.status === 'LAPSED') {
    const fundings = found.fundings.map((funding) => ({ ...funding, captured: funding.held }));
    const free: Hold = { ...found, status: 'CAPTURED', fundings, settledAt: draft.recordedAt };
    draft.putHold(free);
    return changed(free);
  }
  // A lapsed hold has given its credits back`,
      },
    ],
  },
  {
    name: 'what comes back to an expired grant can be spent',
    replacements: [
      {
        file: `${core}/give-back.ts`,
        text: "return grant.expiresAt !== null && grant.expiresAt <= at ? 'EXPIRED' : 'AVAILABLE';",
        by: "return 'AVAILABLE';",
      },
    ],
  },
  {
    name: 'the burn order ignores priority',
    replacements: [{ file: `${core}/burn-order.ts`, text: '    left.priority - right.priority ||\n', by: '' }],
  },
  {
    name: "the wallet's last instant is ignored",
    replacements: [
      { file: `${core}/apply.ts`, text: 'now > state.lastInstant ? now : state.lastInstant;', by: 'now;' },
    ],
  },
  {
    name: 'the time is taken before the lock',
    replacements: [
      {
        file: commit,
        text: '    // Taken after the locks: who waited sees the time of those that it waited for.\n    const now = clock.now();\n',
        by: '    const now = before;\n',
      },
      {
        file: commit,
        text: '  const named = namedBy(units);\n',
        by: '  const before = clock.now();\n  const named = namedBy(units);\n',
      },
    ],
  },
  {
    name: 'a key is compared without its hash',
    replacements: [{ file: batch, text: 'return known.requestHash.equals(key.requestHash)\n', by: 'return true\n' }],
  },
  {
    name: 'a key is not stored',
    replacements: [{ file: batch, text: '        newKeys.push(key);\n', by: '' }],
  },
  {
    name: 'a refusal burns its key',
    replacements: [
      {
        file: batch,
        text: "if (!applied.ok) return { kind: 'refused', refusal: applied.refusal };",
        by: "if (!applied.ok) { if (key !== undefined) newKeys.push(key); return { kind: 'refused', refusal: applied.refusal }; }",
      },
    ],
  },
  {
    name: 'a batch is answered before its COMMIT',
    replacements: [
      {
        file: commit,
        text: ' = await database.prisma.$transaction(async (transaction) => {\n    await lockWallets',
        by: ' = await new Promise((answer, fail) => database.prisma.$transaction(async (transaction) => {\n    await lockWallets',
      },
      {
        file: commit,
        text: '    return { answers, wallets: batch.wallets(), now };\n  });',
        by: '    answer({ answers, wallets: batch.wallets(), now });\n  }).catch(fail));',
      },
    ],
  },
  {
    name: 'a batch is run again without reading its keys',
    replacements: [
      {
        file: commit,
        text: 'const mostAttempts = 6;\n',
        by: 'const mostAttempts = 6;\nconst tried = new WeakSet();\n',
      },
      {
        file: commit,
        text: 'const keyNames = keyNamesOf(units);',
        by: 'const keyNames = keyNamesOf(units.filter((unit) => !tried.has(unit)));\n  for (const unit of units) tried.add(unit);',
      },
    ],
  },
  {
    name: 'the jobs of a batch with several are not written',
    replacements: [
      {
        file: 'src/ledger/attachments.ts',
        text: '...followed]) {\n',
        by: "...followed]) {\n    if (name === 'job' && rows.length > 1) continue;\n",
      },
    ],
  },
  {
    name: 'a part of a batch is decided as if the parts before were not',
    replacements: [
      {
        file: commit,
        text: 'const decided = batch.decide(part);\n        answers.push',
        by: 'const decided = new Batch(loaded.wallets, loaded.keys, now).decide(part);\n        answers.push',
      },
    ],
  },
  {
    name: 'only the first part of a batch is written',
    replacements: [
      {
        file: commit,
        text: 'writing = write(decided);',
        by: 'if (answers.length === decided.answers.length) writing = write(decided);',
      },
    ],
  },
  {
    name: 'a remembered wallet is believed without its revision',
    replacements: [
      { file: 'src/ledger/wallet.store.ts', text: ' AND wallet.revision = changed.revision - 1 AND', by: ' AND' },
    ],
  },
  {
    name: 'a remembered wallet is believed when something has fallen due',
    replacements: [
      {
        file: 'src/ledger/remembered-wallets.ts',
        text: 'if (wallet !== null && until > Math.max(now, wallet.state.lastInstant)) recalled.set',
        by: 'if (wallet !== null) recalled.set',
      },
    ],
  },
  {
    name: 'a refusal is told by what is remembered',
    replacements: [
      {
        file: commit,
        text: 'const isPlain = isAllApplied && others.length === 0 && changes.length > 0;',
        by: `const isPlain = others.length === 0 && changes.length > 0;
      if (changes.length === 0) {
        await writing;
        answer(answers);
        written += part.length;
        continue;
      }`,
      },
    ],
  },
  {
    name: 'a part of a batch is answered before it is written',
    replacements: [
      {
        file: commit,
        text: '    await database.prisma.$queryRaw(statement);\n    written += answers.length;\n',
        by: `    written += answers.length;
    answer(answers);
    await database.prisma.$queryRaw(statement);
`,
      },
      { file: commit, text: '    answer(answers);\n  };', by: '  };' },
    ],
  },
  {
    name: 'a remembered wallet is believed past the lapse of a hold that was not read',
    replacements: [
      {
        file: 'src/ledger/wallet.store.ts',
        text: 'nextLapseAt: parseOptionalInstant(wallet.next_lapse_at),',
        by: 'nextLapseAt: null,',
      },
    ],
  },
  {
    name: 'a remembered wallet is believed past the lapse of a hold that was made since it was read',
    replacements: [{ file: batch, text: "if (status === 'OPEN' && (nextLapseAt", by: 'if (false && (nextLapseAt' }],
  },
  {
    name: 'parts that are written are carried out again with the rest',
    replacements: [
      { file: commit, text: 'commitLocked(committing, units.slice(written))', by: 'commitLocked(committing, units)' },
    ],
  },
  {
    name: 'a request is sent again after a crash',
    replacements: [
      { file: 'src/generation/steps.ts', text: 'if (generation.submittingAt !== null) {', by: 'if (false) {' },
      {
        file: 'src/generation/generation.store.ts',
        text: "status: 'QUEUED', submittingAt: null },",
        by: "status: 'QUEUED' },",
      },
    ],
  },
  {
    name: 'a connection that breaks at COMMIT ends its batch',
    replacements: [
      {
        file: 'src/db/database-errors.ts',
        text: "error instanceof Prisma.PrismaClientKnownRequestError ? error.meta?.['driverAdapterError'] : error;",
        by: "error instanceof Prisma.PrismaClientKnownRequestError ? error.meta?.['driverAdapterError'] : null;",
      },
    ],
  },
  {
    name: 'a grant that begins later pays no debt',
    replacements: [{ file: `${core}/due.ts`, text: '        payDebt(draft, due.grant.id, due.at);\n', by: '' }],
  },
  {
    name: 'a refund ignores what is owed',
    replacements: [
      {
        file: `${core}/give-back.ts`,
        text: 'const owed = Math.min(amount, clawback.owed);',
        by: 'const owed = 0;',
      },
    ],
  },
  {
    name: 'a capture spends what a clawback waits for',
    replacements: [
      { file: `${core}/apply.ts`, text: '  for (const { grantId } of taken) collect(draft, grantId);\n', by: '' },
    ],
  },
  {
    name: 'another total of a clawback is not stored',
    replacements: [
      {
        file: 'src/ledger/wallet.store.ts',
        text: 'DO UPDATE SET total = excluded.total, taken',
        by: 'DO UPDATE SET taken',
      },
    ],
  },
  {
    name: 'a grant that a renewal ended gets back what was held',
    replacements: [{ file: `${core}/end-grant.ts`, text: 'if (!hasEnded(grant, now)) {', by: 'if (false) {' }],
  },
  {
    name: 'a rollover ignores its cap',
    replacements: [{ file: `${core}/renew.ts`, text: 'Math.min(left, rollover.cap)', by: 'left' }],
  },
];
