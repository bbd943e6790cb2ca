import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';

const hourMs = 60 * 60_000;
/** An address is good for a day, and up to an hour more. */
const lifetimeHours = 24;

/** The addresses under which files are served: signed, and good for a day. */
export interface AssetUrls {
  /** An absolute address; the same one for an hour, so that browsers keep what they have. */
  urlOf(assetId: string): string;
  /** Until when an address that we made is good, in milliseconds since 1970; null when it is not of our making. */
  goodUntil(assetId: string, parameters: URLSearchParams): number | null;
  /** The asset that an address of ours names, also one that has expired; null for any other address. */
  assetIdIn(url: string): string | null;
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
  const signatureOf = (assetId: string, expires: string): Buffer =>
    createHmac('sha256', secret).update(`${assetId} ${expires}`).digest();
  return {
    urlOf: (assetId) => {
      const expires = String((Math.ceil(clock.now() / hourMs) + lifetimeHours) * (hourMs / 1_000));
      const signature = signatureOf(assetId, expires).toString('base64url');
      return `${publicUrl()}/assets/${assetId}?expires=${expires}&signature=${signature}`;
    },
    goodUntil: (assetId, parameters) => {
      const expires = parameters.get('expires') ?? '';
      const given = Buffer.from(parameters.get('signature') ?? '', 'base64url');
      if (!/^\d{1,12}$/.test(expires) || given.length !== 32) return null;
      if (!timingSafeEqual(given, signatureOf(assetId, expires))) return null;
      return Number(expires) * 1_000;
    },
    assetIdIn: (url) => {
      if (!URL.canParse(url) || !url.startsWith(`${publicUrl()}/assets/`)) return null;
      const [, assetId] = /\/assets\/(asset_\w+)$/.exec(new URL(url).pathname) ?? [];
      return assetId ?? null;
    },
  };
}
