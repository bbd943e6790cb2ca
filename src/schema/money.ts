import { builder } from './builder.ts';

export interface MoneyShape {
  readonly amount: number;
  readonly currency: string;
  readonly formatted: string;
}

export const Money = builder.objectRef<MoneyShape>('Money').implement({
  description: 'An amount of money.',
  fields: (t) => ({
    amount: t.exposeInt('amount', { description: 'In hundredths of the currency unit: 4900.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217, in lower case: "usd".' }),
    formatted: t.exposeString('formatted', { description: 'For people: "$49.00".' }),
  }),
});
