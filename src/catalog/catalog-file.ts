import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const credits = z.int().min(1).max(2_000_000_000);
const cents = z.int().min(0);

const modelSchema = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  kind: z.enum(['IMAGE', 'VIDEO', 'AUDIO', 'TEXT']),
  category: z.string().min(1),
  workflow: z.string().min(1),
  provider: z.enum(['fal', 'gmi', 'groq']).transform((name) => providerNames[name]),
  credits,
  speedSeconds: z.int().positive().nullable(),
  badge: z.string().nullable(),
  accepts: z.array(z.string()),
  inputDefaults: z.record(z.string(), z.unknown()),
});

const providerNames = { fal: 'FAL', gmi: 'GMI', groq: 'GROQ' } as const;

const fileSchema = z.object({
  models: z.array(modelSchema).transform((models) => models.map((model, position) => ({ ...model, position }))),
  defaults: z.record(z.string(), z.string()),
  plans: z.array(
    z.object({
      code: z.string().min(1),
      name: z.string().min(1),
      description: z.string().nullable().default(null),
      monthlyPriceCents: cents.nullable(),
      yearlyPriceCents: cents.nullable(),
      monthlyQuota: z.int().min(0).nullable(),
      rolloverCap: z.int().min(0).nullable(),
      welcomeCredits: z.int().min(0),
      recommended: z.boolean().default(false),
      contactSales: z.boolean().default(false),
    }),
  ),
  creditPacks: z.array(
    z.object({
      code: z.string().min(1),
      name: z.string().min(1),
      credits,
      priceCents: cents.positive(),
      bestValue: z.boolean().default(false),
    }),
  ),
  currency: z.string().length(3),
  lowBalanceThreshold: z.int().min(0),
  holdMinutes: z.int().positive(),
});

/** The catalog as it comes with a release: `prisma/catalog.json`, checked. */
export type CatalogFile = z.infer<typeof fileSchema>;

/** Reads and checks the catalog file; `hash` tells whether it is the one that was imported last. */
export async function readCatalogFile(): Promise<{ file: () => CatalogFile; hash: string }> {
  const text = await readFile(new URL('../../prisma/catalog.json', import.meta.url), 'utf8');
  return {
    hash: createHash('sha256').update(text).digest('hex'),
    file: () => fileSchema.parse(JSON.parse(text)),
  };
}
