import type { SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { StripeSandboxError } from './stripe-error.ts';
import type { StripeObject } from './stripe-objects.ts';

/** Plans a change and writes it, again when something came between, and tells the webhook of it. */
export type Act = <Result>(plan: (draft: Draft) => Promise<Result>) => Promise<Result>;

const maximumTries = 100;

/** For changes that no call of the API asks for. `deliver` sends what was written; the change waits for it. */
export function createAct(context: SandboxContext, deliver: (written: readonly StripeObject[]) => Promise<void>): Act {
  return async (plan) => {
    for (let tries = 0; tries < maximumTries; tries += 1) {
      const draft = createDraft(context, null);
      const result = await plan(draft);
      const { inserted: insert, replaced: replace } = draft;
      if (insert.length === 0 && replace.length === 0) return result;
      const outcome = await context.store.commit({ at: context.clock.now(), insert, replace, request: null });
      if (outcome === 'done') {
        await deliver(insert);
        return result;
      }
    }
    throw new StripeSandboxError(409, {
      type: 'api_error',
      message: 'Something else changes this all the time. Please try again.',
    });
  };
}
