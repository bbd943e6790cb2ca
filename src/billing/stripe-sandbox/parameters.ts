import { z } from 'zod';
import type { FormFields } from './form-encoding.ts';
import { invalidRequest, type StripeSandboxError } from './stripe-error.ts';

/** Checks parameters and refuses them in Stripe's words. */
export function parseParameters<Schema extends z.ZodType>(schema: Schema, fields: FormFields): z.output<Schema> {
  const result = schema.safeParse(fields, { reportInput: true });
  if (result.success) return result.data;
  throw refusal(result.error.issues);
}

/** A text that must not be empty. */
export const text = (maximumLength = 5_000) => z.string().min(1).max(maximumLength);

/** A text that an empty value clears. */
export const clearableText = (maximumLength = 5_000) =>
  z
    .string()
    .max(maximumLength)
    .transform((value) => (value === '' ? null : value));

export const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.string().transform((value, context) => {
    const number = Number(value);
    const problem = integerProblem(value, number, minimum, maximum);
    if (problem === null) return number;
    context.addIssue({ code: 'custom', message: problem, params: { code: 'parameter_invalid_integer' } });
    return z.NEVER;
  });

function integerProblem(value: string, number: number, minimum: number, maximum: number): string | null {
  if (!/^-?\d+$/.test(value)) return `Invalid integer: ${value}`;
  if (number < minimum) {
    return minimum === 0 ? 'Invalid non-negative integer' : `This value must be greater than or equal to ${minimum}.`;
  }
  return number > maximum ? `This value must be less than or equal to ${maximum}.` : null;
}

export const boolean = () =>
  z.string().transform((value, context) => {
    if (value === 'true' || value === 'false') return value === 'true';
    context.addIssue({ code: 'custom', message: `Invalid boolean: ${value}` });
    return z.NEVER;
  });

export const list = <Item extends z.ZodType>(item: Item) =>
  z.record(z.string().regex(/^\d+$/), item).transform((items) => Object.values(items));

/** Keys of at most 40 characters, values of at most 500; an empty value takes its key away. */
export const metadata = () =>
  z
    .record(z.string().min(1).max(40), z.string().max(500))
    .refine((entries) => Object.keys(entries).length <= 50, 'You can have up to 50 metadata keys.');

/** Metadata after some of its keys were set or taken away. */
export function mergeMetadata(
  present: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...present, ...change }).filter(([, value]) => value !== ''));
}

const knownCurrencies = new Set(Intl.supportedValuesOf('currency'));

export const currency = () =>
  z
    .string()
    .min(1)
    .transform((value) => value.toLowerCase())
    .refine((value) => knownCurrencies.has(value.toUpperCase()), {
      error: (issue) => `Invalid currency: ${String(issue.input)}.`,
    });

export const email = () =>
  clearableText(512).refine((value) => value === null || /^[^\s@]+@[^\s@]+$/.test(value), {
    error: (issue) => `Invalid email address: ${String(issue.input)}`,
    params: { code: 'email_invalid' },
  });

// A browser is sent there; these schemes would run the text of the address.
const refusedSchemes = new Set(['javascript:', 'data:', 'vbscript:']);

/** An address to send the buyer to, web or application scheme. */
export const redirectUrl = () =>
  text().refine((value) => URL.canParse(value) && !refusedSchemes.has(new URL(value).protocol), {
    error: 'Not a valid URL',
    params: { code: 'url_invalid' },
  });

function refusal(issues: readonly z.core.$ZodIssue[]): StripeSandboxError {
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => parameterName([...issue.path, key])) : [],
  );
  const [firstUnknown] = unknown;
  if (firstUnknown !== undefined) {
    const plural = unknown.length > 1 ? 's' : '';
    return invalidRequest(`Received unknown parameter${plural}: ${unknown.join(', ')}`, {
      code: 'parameter_unknown',
      param: firstUnknown,
    });
  }
  const [issue] = issues;
  return issue === undefined ? invalidRequest('Invalid request.') : describe(issue, parameterName(issue.path));
}

function describe(issue: z.core.$ZodIssue, param: string): StripeSandboxError {
  if (issue.input === undefined && issue.code !== 'custom') {
    return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  switch (issue.code) {
    case 'custom': {
      const code: unknown = issue.params?.code;
      return invalidRequest(issue.message, { param, ...(typeof code === 'string' ? { code } : {}) });
    }
    case 'invalid_value':
      return invalidRequest(`Invalid ${param}: must be one of ${issue.values.map(String).join(' or ')}`, { param });
    case 'too_small':
      return invalidRequest(
        `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a field; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
        { code: 'parameter_invalid_empty', param },
      );
    case 'too_big':
      return invalidRequest(`Invalid string: must be at most ${issue.maximum} characters`, { param });
    case 'invalid_key':
      return invalidRequest(`Invalid key: ${param}`, { param });
    case 'invalid_type':
      return invalidRequest(issue.expected === 'string' ? 'Invalid string' : 'Invalid object', { param });
    default:
      return invalidRequest(issue.message, { param });
  }
}

/** `['line_items', 0, 'price']` as `line_items[0][price]`. */
function parameterName(path: readonly PropertyKey[]): string {
  const [head = '', ...rest] = path.map(String);
  return head + rest.map((part) => `[${part}]`).join('');
}
