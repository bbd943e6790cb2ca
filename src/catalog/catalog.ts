import { type Clock, toDate } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { InvalidInputError, UnknownModelError } from '../errors.ts';
import { repeat } from '../repeat.ts';
import { readFileHash, readSnapshot, readVersion, writeCatalogFile, writeModelChange } from './catalog.store.ts';
import { readCatalogFile } from './catalog-file.ts';
import { suggestModels } from './suggest-models.ts';
import type { CatalogSnapshot, Model, ProviderName } from './types.ts';

/** Other processes see a change of price within this time. */
const refreshEveryMs = 500;

/** Models, prices, plans and packs, answered from memory. */
export interface Catalog {
  /** The catalog as it is now; take it once for a decision, so that it is made on one version. */
  snapshot(): CatalogSnapshot;
  /** Sets a new price version or enables or disables a model; visible here at once. Throws {@link UnknownModelError} and {@link InvalidInputError}. */
  updateModel(change: { id: string; credits: number | null; enabled: boolean | null }): Promise<Model>;
  close(): Promise<void>;
}

/** Imports the catalog file when it is new, loads the snapshot and keeps it fresh. */
export async function openCatalog(options: {
  database: Database;
  clock: Clock;
  providers: ReadonlySet<ProviderName>;
  onRefreshError: (error: unknown) => void;
}): Promise<Catalog> {
  const { database, clock, providers } = options;
  const { file, hash } = await readCatalogFile();
  if ((await readFileHash(database)) !== hash) await writeCatalogFile(database, file(), hash, toDate(clock.now()));
  let snapshot = await readSnapshot(database, providers);

  const reload = async (): Promise<void> => {
    const fresh = await readSnapshot(database, providers);
    // Of two that overlap the older one may arrive last.
    if (fresh.version >= snapshot.version) snapshot = fresh;
  };
  const refresh = async (): Promise<void> => {
    if ((await readVersion(database)) !== snapshot.version) await reload();
  };
  // The embedded database has one process, which makes every change itself.
  const refreshing = database.kind === 'postgres' ? repeat(refresh, refreshEveryMs, options.onRefreshError) : null;

  return {
    snapshot: () => snapshot,
    updateModel: async (change) => {
      if (change.credits === null && change.enabled === null) {
        throw new InvalidInputError([{ path: ['input'], message: 'Give credits, enabled or both.' }]);
      }
      if (change.credits !== null && !(change.credits >= 1 && change.credits <= 2_000_000_000)) {
        throw new InvalidInputError([{ path: ['input', 'credits'], message: 'Must be from 1 to 2,000,000,000.' }]);
      }
      const known = await writeModelChange(database, change, toDate(clock.now()));
      await reload();
      const model = snapshot.modelById.get(change.id);
      if (!known || model === undefined) throw new UnknownModelError(change.id, suggestModels(snapshot, change.id));
      return model;
    },
    close: async () => {
      await refreshing?.stop();
    },
  };
}
