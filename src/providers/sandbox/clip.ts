import { readFile } from 'node:fs/promises';
import type { MadeAsset } from '../provider.ts';

let loaded: MadeAsset | undefined;

/** Gives the clip that every sandbox video is; reads it from disk once. The README tells how it was made. */
export async function loadClip(): Promise<MadeAsset> {
  loaded ??= {
    content: await readFile(new URL('./clip.webm', import.meta.url)),
    mimeType: 'video/webm',
    width: 320,
    height: 180,
    durationSeconds: 3,
  };
  return loaded;
}
