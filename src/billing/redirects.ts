import { RedirectNotAllowedError } from '../errors.ts';
import { isStorable } from '../plain-text.ts';
import type { CheckoutId } from './types.ts';

/** Where a buyer may be sent back to. */
export interface Redirects {
  /** The address, if it is allowed; null for none. Throws {@link RedirectNotAllowedError}. */
  check(url: string | null): string | null;
  /** A page of this server that says what came of a checkout; of one that is named, also how far it is. */
  own(outcome: 'success' | 'cancel' | 'portal', checkoutId?: CheckoutId): string;
}

export function createRedirects(options: {
  /** Origins (`https://studio.example`) and schemes of desktop clients (`wzrd://`). */
  readonly allowed: readonly string[];
  /** In the sandbox any page on this machine may be returned to as well. */
  readonly sandbox: boolean;
  /** Where clients reach this server, without a trailing slash. */
  readonly publicUrl: () => string;
}): Redirects {
  const { allowed, sandbox, publicUrl } = options;
  return {
    check: (url) => {
      if (url !== null && !isAllowedRedirect(url, [publicUrl(), ...allowed], sandbox)) {
        throw new RedirectNotAllowedError(url);
      }
      return url;
    },
    own: (outcome, checkoutId) => {
      const page = `${publicUrl()}/billing/return?checkout=${outcome}`;
      return checkoutId === undefined ? page : `${page}&id=${checkoutId}`;
    },
  };
}

/** Whether `url` has an origin or scheme of the list. */
function isAllowedRedirect(url: string, allowed: readonly string[], sandbox: boolean): boolean {
  if (!isStorable(url) || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '') return false;
  const isWeb = parsed.protocol === 'http:' || parsed.protocol === 'https:';
  if (isWeb && sandbox && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname)) return true;
  return allowed.some((entry) => {
    if (entry.endsWith('://')) return !isWeb && `${parsed.protocol}//` === entry;
    return isWeb && URL.canParse(entry) && new URL(entry).origin === parsed.origin;
  });
}
