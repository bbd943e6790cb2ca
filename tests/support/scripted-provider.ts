import type { ProviderAdapter, ProviderRequest, ProviderState, Submission } from '../../src/providers/provider.ts';

/** A provider that answers as it is told to and remembers what it was asked. */
export interface ScriptedProvider extends ProviderAdapter {
  readonly submitted: ProviderRequest[];
  readonly checked: string[];
  readonly cancelled: string[];
  /** What the next submits answer, in turn; an error is thrown. Empty: accepted. */
  readonly submissions: (Submission | Error)[];
  /** What the next checks answer, in turn; an error is thrown. Empty: still working. */
  readonly states: (ProviderState | Error)[];
  /** Happens once, while the next request is being sent. */
  duringSubmit: (() => Promise<unknown>) | null;
  /** Happens once, while the provider is asked next. */
  duringCheck: (() => Promise<unknown>) | null;
}

/** A text as the result of a call. */
export const succeeded: ProviderState = {
  kind: 'succeeded',
  result: { assets: [], text: 'The result', output: null },
};

const working: ProviderState = { kind: 'working', progress: null, checkAfterMs: 1_000 };

export function createScriptedProvider(): ScriptedProvider {
  const provider: ScriptedProvider = {
    submitted: [],
    checked: [],
    cancelled: [],
    submissions: [],
    states: [],
    duringSubmit: null,
    duringCheck: null,
    submit: async (request) => {
      provider.submitted.push(request);
      const { duringSubmit } = provider;
      provider.duringSubmit = null;
      await duringSubmit?.();
      return play(provider.submissions, { kind: 'accepted', requestId: `request-${provider.submitted.length}` });
    },
    check: async (requestId) => {
      provider.checked.push(requestId);
      const { duringCheck } = provider;
      provider.duringCheck = null;
      await duringCheck?.();
      return play(provider.states, working);
    },
    cancel: async (requestId) => {
      provider.cancelled.push(requestId);
    },
  };
  return provider;
}

function play<Value>(script: (Value | Error)[], otherwise: Value): Value {
  const next = script.shift();
  if (next instanceof Error) throw next;
  return next ?? otherwise;
}
