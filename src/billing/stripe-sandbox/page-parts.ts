import type { Act } from './act.ts';
import type { SandboxContext } from './context.ts';
import type { StripeSandboxControls } from './controls.ts';
import { StripeSandboxError } from './stripe-error.ts';

/** What the pages of the sandbox work with. */
export interface PageParts {
  readonly context: SandboxContext;
  readonly controls: StripeSandboxControls;
  /** Like Stripe's pages, ours wait until the webhook was told before they send the buyer back. */
  readonly act: Act;
  /** Does what the clock has brought, and tells of it. */
  readonly runDue: () => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
}

/** A page, a file, or where to go instead. */
export type PageAnswer =
  { readonly status: number; readonly html: string } | { readonly pdf: Buffer } | { readonly location: string };

/** What is told to the person in front of a page. */
export const pageProblem = (status: number, message: string): StripeSandboxError =>
  new StripeSandboxError(status, { type: 'invalid_request_error', message });
