import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';

const hourMs = 60 * 60_000;
/** An address is good for a day, and up to an hour more. */
const lifetimeHours = 24;

/** The addresses under which files are served: signed, and good for a day. */
export interface AssetUrls {
  /** An absolute address; the same one for an hour, so that browsers keep what they have. */
  urlOf(fileId: string): string;
  /** Until when an address that we made is good, in milliseconds since 1970; null when it is not of our making. */
  goodUntil(fileId: string, parameters: URLSearchParams): number | null;
  /** The asset or upload that an address of ours names, also one that has expired; null for any other address. */
  fileIdIn(url: string): string | null;
}

/** Makes and reads the addresses of files. */
export function createAssetUrls({
  clock,
  secret,
  publicUrl,
}: {
  readonly clock: Clock;
  readonly secret: Uint8Array;
  readonly publicUrl: () => string;
}): AssetUrls {
  const signatureOf = (fileId: string, expires: string): Buffer =>
    createHmac('sha256', secret).update(`${fileId} ${expires}`).digest();
  return {
    urlOf: (fileId) => {
      const expires = String((Math.ceil(clock.now() / hourMs) + lifetimeHours) * (hourMs / 1_000));
      const signature = signatureOf(fileId, expires).toString('base64url');
      return `${publicUrl()}/assets/${fileId}?expires=${expires}&signature=${signature}`;
    },
    goodUntil: (fileId, parameters) => {
      const expires = parameters.get('expires') ?? '';
      const given = Buffer.from(parameters.get('signature') ?? '', 'base64url');
      if (!/^\d{1,12}$/.test(expires) || given.length !== 32) return null;
      if (!timingSafeEqual(given, signatureOf(fileId, expires))) return null;
      return Number(expires) * 1_000;
    },
    fileIdIn: (url) => {
      if (!URL.canParse(url) || !url.startsWith(`${publicUrl()}/assets/`)) return null;
      const [, fileId] = /\/assets\/((asset|upload)_\w+)$/.exec(new URL(url).pathname) ?? [];
      return fileId ?? null;
    },
  };
}
