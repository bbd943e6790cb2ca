/** An amount of money as the schema gives it; cents are hundredths of the currency unit. */
export function toMoney(cents: number, currency: string): { amount: number; currency: string; formatted: string } {
  return { amount: cents, currency, formatted: formatMoney(cents, currency) };
}

/** "$49.00" for 4900 cents; a fraction of a cent is rounded. */
export function formatMoney(cents: number, currency: string): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: currency.toUpperCase() }).format(cents / 100);
}
