import type { IdSource } from '../ids.ts';
import type { Database } from './database.ts';

/** A random key that all processes on this database share; made when it is first asked for. */
export async function readSecret({ prisma }: Database, ids: IdSource, name: string): Promise<Uint8Array> {
  const known = await prisma.serverSecret.findUnique({ where: { name } });
  if (known !== null) return known.value;
  await prisma.serverSecret.createMany({
    data: [{ name, value: new Uint8Array(ids.randomBytes(32)) }],
    skipDuplicates: true,
  });
  return (await prisma.serverSecret.findUniqueOrThrow({ where: { name } })).value;
}
