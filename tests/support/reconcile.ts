import { expect } from 'vitest';
import { adminKey, type TestApp } from './test-app.ts';

export interface DifferenceRow {
  readonly kind: string;
  readonly subject: string;
  readonly id: string;
  readonly accountId: string;
  readonly message: string;
  readonly repaired: boolean;
}

export interface ReconciliationRow {
  readonly from: string;
  readonly to: string;
  readonly differences: readonly DifferenceRow[];
  readonly left: number;
  readonly compared: number;
  readonly ignored: number;
  readonly next: string | null;
}

const reconcileDocument = `
  mutation ($from: DateTime, $to: DateTime, $repair: Boolean!, $after: String) {
    reconcileStripe(from: $from, to: $to, repair: $repair, after: $after) {
      __typename
      ... on StripeReconciliation {
        from to left compared ignored next differences { kind subject id accountId message repaired }
      }
      ... on Error { code message }
      ... on InvalidInputError { issues { path message } }
    }
  }`;

interface ReconcileArguments {
  readonly from?: string;
  readonly to?: string;
  readonly repair?: boolean;
  readonly after?: string;
}

/** Asks for a comparison as an administrator does, whatever comes of it. */
export async function askToReconcile(app: TestApp, given: ReconcileArguments = {}): Promise<Record<string, unknown>> {
  const { data, errors } = await app.graphql<{ reconcileStripe: Record<string, unknown> }>(reconcileDocument, {
    key: adminKey,
    variables: { repair: false, ...given },
  });
  expect(errors).toEqual([]);
  return data.reconcileStripe;
}

/** Compares Stripe with the journal; it must succeed. */
export async function reconcile(app: TestApp, given: ReconcileArguments = {}): Promise<ReconciliationRow> {
  const { __typename, ...found } = await askToReconcile(app, given);
  expect(__typename).toBe('StripeReconciliation');
  return found as unknown as ReconciliationRow; // The document asks for exactly these fields.
}

/** What differs, in short: how, in what, whose id, and whether it was repaired. */
export const differencesIn = ({ differences }: ReconciliationRow): string[] =>
  differences.map(({ kind, subject, id, repaired }) => `${kind} ${subject} ${id}${repaired ? ' repaired' : ''}`).sort();
