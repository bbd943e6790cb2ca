import { isStorable } from '../plain-text.ts';

/**
 * Whether a checkout may return to `url`. The list holds origins (`https://studio.example`) and schemes of
 * desktop clients (`wzrd://`). In the sandbox any page on this machine may be returned to as well.
 */
export function isAllowedRedirect(url: string, allowed: readonly string[], sandbox: boolean): boolean {
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
