import type { MediaKind, Model } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import { InvalidInputError } from '../errors.ts';
import type { AccountId } from '../ledger/index.ts';
import { RemoteFileError } from './remote-files.ts';
import { kindOfMedia, nameOfKind } from './sniff-media.ts';
import type { FindFile } from './stored-files.ts';
import type { GenerateInput } from './types.ts';

/** A file that an input names. */
interface NamedFile {
  readonly path: readonly string[];
  readonly url: string;
  /** What it has to be; null when its name does not say. */
  readonly kind: MediaKind | null;
}

/** What is known of a file: its kind, null when nobody looked; or why it will not do, for the person who named it. */
type Finding = { readonly kind: MediaKind | null } | { readonly problem: string };

/** How files are looked at. */
interface FileCheck {
  /** The file that an address of ours names; null for any other address. */
  readonly fileIdIn: (url: string) => string | null;
  readonly findFile: FindFile;
  readonly clock: Clock;
  /** The MIME type of a file elsewhere. Throws {@link RemoteFileError}. */
  readonly typeOf: (url: string) => Promise<string>;
  /** Whether a model runs here, without a network: files elsewhere are then taken as they are. */
  readonly isSandboxed: (model: Model) => boolean;
}

/** Looks at the files that an input names, before anything is held. Throws {@link InvalidInputError} with an issue for each wrong one. */
export type CheckFiles = (
  input: Pick<GenerateInput, 'params' | 'assets'>,
  model: Model,
  accountId: AccountId,
) => Promise<void>;

/** So many files are looked at at once. */
const mostAtOnce = 16;

/** Makes the check of files. */
export const createFileCheck =
  (check: FileCheck): CheckFiles =>
  async (input, model, accountId) => {
    const files = filesIn(input);
    if (files.length === 0) return;
    const isSandboxed = check.isSandboxed(model);
    const findings = new Map<string, Finding>();
    const waiting = [...new Set(files.map(({ url }) => url))];
    const work = async (): Promise<void> => {
      for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
        findings.set(url, await lookAt(check, url, accountId, isSandboxed));
      }
    };
    await Promise.all(Array.from({ length: mostAtOnce }, work));
    const issues = files.flatMap(({ path, url, kind }) => {
      const problem = problemOf(findings.get(url), kind);
      return problem === null ? [] : [{ path: ['input', ...path], message: problem }];
    });
    if (issues.length > 0) throw new InvalidInputError(issues);
  };

async function lookAt(
  { fileIdIn, findFile, clock, typeOf }: FileCheck,
  url: string,
  accountId: AccountId,
  isSandboxed: boolean,
): Promise<Finding> {
  const fileId = fileIdIn(url);
  if (fileId !== null) {
    const file = await findFile(fileId);
    // Another's file looks like one that does not exist.
    if (file?.accountId !== accountId) return { problem: 'There is no such file.' };
    if (file.expiresAt !== null && clock.now() >= file.expiresAt) {
      return { problem: 'This file has expired. Upload it again.' };
    }
    return { kind: kindOfMedia(file.mimeType) };
  }
  if (isSandboxed) return { kind: null };
  try {
    return { kind: kindOfMedia(await typeOf(url)) };
  } catch (error) {
    if (error instanceof RemoteFileError) return { problem: error.message };
    throw error;
  }
}

function problemOf(finding: Finding | undefined, wanted: MediaKind | null): string | null {
  if (finding === undefined) return null;
  if ('problem' in finding) return finding.problem;
  if (wanted === null || finding.kind === null || finding.kind === wanted) return null;
  return `It is ${nameOfKind[finding.kind]}, not ${nameOfKind[wanted]}.`;
}

/** The files of an input: its shots, and every address in the params under a name that speaks of a file. */
function filesIn({ params, assets }: Pick<GenerateInput, 'params' | 'assets'>): NamedFile[] {
  const shots = (assets ?? []).map(({ url, kind }, index) => ({ path: ['assets', String(index), 'url'], url, kind }));
  const named = Object.entries(params ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((item: unknown, index): NamedFile[] => {
      if (typeof item !== 'string' || !/^https?:\/\//.test(item) || !isFileName(name)) return [];
      const path = ['params', name, ...(Array.isArray(value) ? [String(index)] : [])];
      return [{ path, url: item, kind: kindIn(name) }];
    }),
  );
  return [...shots, ...named];
}

const isFileName = (name: string): boolean => /_ur[li]s?$|image|video|audio|voice_sample/.test(name);

function kindIn(name: string): MediaKind | null {
  if (/image/.test(name)) return 'IMAGE';
  if (/video/.test(name)) return 'VIDEO';
  return /audio|voice/.test(name) ? 'AUDIO' : null;
}
