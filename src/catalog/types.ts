export type MediaKind = 'IMAGE' | 'VIDEO' | 'AUDIO' | 'TEXT';
export type ProviderName = 'FAL' | 'GMI' | 'GROQ';
export type Operation = 'GENERATE' | 'SHOT_IMAGE' | 'SHOT_VIDEO' | 'DIRECTORS_CUT';

/** A model as it is sold at this moment. */
export interface Model {
  readonly id: string;
  readonly name: string;
  /** The name with the price, as it stands on a button: "FLUX Schnell (3 credits)". */
  readonly label: string;
  readonly kind: MediaKind;
  readonly category: string;
  readonly workflow: string;
  readonly provider: ProviderName;
  /** Credits a call. */
  readonly credits: number;
  /** Grows by one with each change of the price. */
  readonly priceVersion: number;
  readonly speedSeconds: number | null;
  /** "~3s"; null when unknown. */
  readonly speed: string | null;
  readonly badge: string | null;
  /** The default of its kind. */
  readonly isDefault: boolean;
  readonly available: boolean;
  /** Why it cannot be run, in a sentence; null when it can. */
  readonly unavailableReason: string | null;
  /** The names of the inputs that it takes. */
  readonly accepts: readonly string[];
  readonly inputDefaults: { readonly [name: string]: unknown };
}

export interface Plan {
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly monthlyPriceCents: number | null;
  readonly yearlyPriceCents: number | null;
  readonly monthlyQuota: number | null;
  readonly rolloverCap: number | null;
  readonly welcomeCredits: number;
  readonly recommended: boolean;
  readonly contactSales: boolean;
}

export interface CreditPack {
  readonly code: string;
  readonly name: string;
  readonly credits: number;
  readonly priceCents: number;
  readonly bestValue: boolean;
}

/** The catalog at one version: never changed, replaced as a whole. */
export interface CatalogSnapshot {
  readonly version: number;
  /** In the order of the catalog. */
  readonly models: readonly Model[];
  readonly modelById: ReadonlyMap<string, Model>;
  readonly defaultModelByKind: ReadonlyMap<MediaKind, Model>;
  /** The one model of DIRECTORS_CUT; null when the catalog prices none. */
  readonly directorsCutModel: Model | null;
  readonly plans: readonly Plan[];
  readonly planByCode: ReadonlyMap<string, Plan>;
  /** Plans that are not sold any more; subscriptions to them go on. */
  readonly retiredPlanByCode: ReadonlyMap<string, Plan>;
  readonly creditPacks: readonly CreditPack[];
  readonly creditPackByCode: ReadonlyMap<string, CreditPack>;
  /** ISO 4217, in lower case as Stripe writes it. */
  readonly currency: string;
  /** Below this a wallet is low. */
  readonly lowBalanceThreshold: number;
  /** How long a hold lives unless it is extended. */
  readonly holdMinutes: number;
}
