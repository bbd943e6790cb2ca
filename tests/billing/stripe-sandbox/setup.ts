import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createStripeSandboxStore, type StripeSandboxStore } from '../../../src/billing/stripe-sandbox/index.ts';
import type { PrismaClient } from '../../../src/db/generated/client.ts';
import { createTestDatabase } from './database.ts';
import {
  createTestClock,
  type Receiver,
  type SandboxHarness,
  startReceiver,
  startSandbox,
  type TestClock,
} from './harness.ts';

/** Gives each test an empty sandbox, a receiver of its events and a clock that stands still. */
export function useSandbox(kind: 'embedded' | 'postgres' = 'embedded') {
  let prisma: PrismaClient;
  const parts = {} as { clock: TestClock; receiver: Receiver; sandbox: SandboxHarness }; // Filled before each test.

  beforeAll(async () => {
    prisma = await createTestDatabase(kind);
  });
  afterAll(() => prisma.$disconnect());

  beforeEach(async () => {
    await prisma.stripeSandboxObject.deleteMany();
    await prisma.stripeSandboxRequest.deleteMany();
    parts.clock = createTestClock();
    parts.receiver = await startReceiver();
    parts.sandbox = await startSandbox({
      store: createStripeSandboxStore(prisma),
      clock: parts.clock,
      webhookUrl: parts.receiver.url,
    });
  });
  afterEach(async () => {
    await parts.sandbox.close();
    await parts.receiver.close();
  });

  return {
    get clock() {
      return parts.clock;
    },
    get receiver() {
      return parts.receiver;
    },
    get stripe() {
      return parts.sandbox.stripe;
    },
    get sandbox() {
      return parts.sandbox;
    },
    get store() {
      return createStripeSandboxStore(prisma);
    },
    /** A second process, on the same database unless another store is given. */
    startAnother: (webhookUrl: string, store: StripeSandboxStore = createStripeSandboxStore(prisma)) =>
      startSandbox({ store, clock: parts.clock, webhookUrl }),
  };
}
