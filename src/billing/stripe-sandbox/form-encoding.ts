import { invalidRequest } from './stripe-error.ts';

type FormValue = string | FormFields;
/** What `a[b][0]=c` means, lists being objects with the keys 0, 1, 2 …. Without a prototype, since callers choose the keys. */
export interface FormFields {
  [name: string]: FormValue;
}

export interface Form {
  /** Name and value as they were sent, decoded. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly fields: FormFields;
}

const maximumParameters = 1_000;
const maximumDepth = 10;

/** Reads a form-encoded body or query in Stripe's bracket notation. */
export function parseForm(text: string): Form {
  const encodedPairs = text.split('&').filter((pair) => pair !== '');
  if (encodedPairs.length > maximumParameters) {
    throw invalidRequest(`Too many parameters: at most ${maximumParameters} are accepted.`);
  }
  const pairs = encodedPairs.map(decodePair);
  const fields = emptyFields();
  for (const [name, value] of pairs) insert(fields, name, value);
  return { pairs, fields };
}

function decodePair(pair: string): readonly [string, string] {
  const separator = pair.indexOf('=');
  const name = separator === -1 ? pair : pair.slice(0, separator);
  const value = separator === -1 ? '' : pair.slice(separator + 1);
  return [decode(name), decode(value)];
}

function decode(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidRequest('Invalid request: the form encoding is malformed.');
  }
  if (decoded.includes('\0')) throw invalidRequest('Invalid request: a parameter holds a null byte.');
  return decoded;
}

function insert(fields: FormFields, name: string, value: string): void {
  const path = parseName(name);
  let parent = fields;
  for (const [depth, part] of path.entries()) {
    const key = part === '' ? String(Object.keys(parent).length) : part;
    const present = parent[key];
    if (depth === path.length - 1) {
      if (typeof present === 'object') throw invalidRequest('Invalid object', { param: name });
      parent[key] = value;
      return;
    }
    if (typeof present === 'string') throw invalidRequest('Invalid object', { param: name });
    const child = present ?? emptyFields();
    parent[key] = child;
    parent = child;
  }
}

/** `a[b][]` as `['a', 'b', '']`. */
function parseName(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  const [, head, brackets] = match ?? [];
  if (head === undefined || brackets === undefined) {
    throw invalidRequest(`Invalid parameter name: ${name}`, { param: name });
  }
  const path = [head, ...Array.from(brackets.matchAll(/\[([^[\]]*)\]/g), ([, key = '']) => key)];
  if (path.length > maximumDepth) throw invalidRequest(`Parameter nested too deeply: ${name}`, { param: name });
  return path;
}

function emptyFields(): FormFields {
  return Object.create(null) as FormFields; // Object.create is typed as any.
}
