import type { Account as AccountRow, CreatedAccount as Created } from '../accounts/index.ts';
import {
  AccountNotFoundError,
  BusyError,
  GrantNotFoundError,
  GrantNotVoidableError,
  IdempotencyConflictError,
  InvalidInputError,
} from '../errors.ts';
import * as resolve from '../resolvers/account.ts';
import { eventsOf } from '../resolvers/account-events.ts';
import { generations } from '../resolvers/generation.ts';
import { AccountEventConnection } from './account-event.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments, pageComplexity } from './connections.ts';
import { ErrorInterface } from './error.ts';
import { GenerationConnection } from './generation.ts';
import { NodeInterface } from './node.ts';
import { Grant, GrantCategory, GrantState, Wallet } from './wallet.ts';

export const Account = builder.objectRef<AccountRow>('Account');
Account.implement({
  description: 'Who has a wallet.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id.' }),
    name: t.exposeString('name', { nullable: true, description: 'The name that it was made with.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const AccountConnection = connectionOf('Account', Account);

const AdminAccount = builder.objectRef<AccountRow>('AdminAccount').implement({
  description: 'An account as its owner sees it, for support.',
  fields: (t) => ({
    account: t.field({ type: Account, description: 'The account.', resolve: (account) => account }),
    wallet: t.field({
      type: Wallet,
      description: 'Its wallet.',
      resolve: (account, _args, context) => resolve.walletOfAccount(context, account),
    }),
    generations: t.field({
      type: GenerationConnection,
      description: 'Its generations, newest first.',
      complexity: pageComplexity,
      args: {
        ...pageArguments(t.arg),
      },
      resolve: ({ id }, args, context) => generations(context, id, args),
    }),
    events: t.field({
      type: AccountEventConnection,
      description: 'What happened to it, newest first.',
      complexity: pageComplexity,
      args: {
        ...pageArguments(t.arg),
      },
      resolve: ({ id }, args, context) => eventsOf(context, id, args),
    }),
  }),
});

const CreatedAccount = builder.objectRef<Created>('CreatedAccount').implement({
  description: 'A new account with its first key.',
  fields: (t) => ({
    account: t.field({ type: Account, description: 'The account.', resolve: ({ account }) => account }),
    apiKey: t.exposeString('apiKey', {
      nullable: true,
      description: 'Its key, shown this once: only a hash of it is kept. Null on a replay.',
    }),
  }),
});

builder.objectType(AccountNotFoundError, {
  name: 'AccountNotFoundError',
  description: 'No account has the id.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ accountId: t.exposeID('accountId', { description: 'The id that no account has.' }) }),
});

builder.objectType(GrantNotFoundError, {
  name: 'GrantNotFoundError',
  description: 'No grant has the id.',
  interfaces: [ErrorInterface],
});

builder.objectType(GrantNotVoidableError, {
  name: 'GrantNotVoidableError',
  description: 'The grant has nothing left to withdraw.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.expose('state', { type: GrantState, description: 'What it is now.' }) }),
});

const CreateAccountInput = builder.inputType('CreateAccountInput', {
  description: 'A new account.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'A name for people; 1 to 200 characters.' }),
    idempotencyKey: t.string({ description: 'Or the Idempotency-Key header; 1 to 255 characters.' }),
  }),
});

const GrantCreditsInput = builder.inputType('GrantCreditsInput', {
  description: 'Credits to give.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'To whom.' }),
    credits: t.int({
      required: true,
      description: 'How many, at least 1; a wallet is given at most 2,000,000,000 over its life.',
    }),
    reason: t.string({ required: true, description: 'Why, for people; 1 to 1000 characters.' }),
    category: t.field({
      type: GrantCategory,
      required: true,
      defaultValue: 'PROMOTIONAL',
      description: 'Whether they were paid for: a PAID grant is an ADJUSTMENT, a PROMOTIONAL one a PROMOTION.',
    }),
    priority: t.int({
      required: true,
      defaultValue: 30,
      description: 'Lower burns first; 0 to 1000. Plans have 10, rollover 20.',
    }),
    effectiveAt: t.field({
      type: 'DateTime',
      description: 'Spendable from this instant on, not in the past; absent: now.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'No longer spendable from this instant on; absent: never expires.',
    }),
    idempotencyKey: t.string({ required: true, description: '1 to 255 characters.' }),
  }),
});

const VoidGrantInput = builder.inputType('VoidGrantInput', {
  description: 'A grant to withdraw.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The grant.' }),
    reason: t.string({ required: true, description: 'Why, for people; 1 to 1000 characters.' }),
    idempotencyKey: t.string({ description: 'Or the Idempotency-Key header; 1 to 255 characters.' }),
  }),
});

builder.queryFields((t) => ({
  account: t.field({
    type: Account,
    nullable: true,
    description: "The caller's account.",
    authScopes: { signedIn: true },
    resolve: (_root, _args, context) => resolve.account(context),
  }),
  accountById: t.field({
    type: AdminAccount,
    nullable: true,
    description: 'Another account as its owner sees it; null when there is none with the id. For administrators.',
    authScopes: { admin: true },
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { id }, context) => resolve.accountById(context, id),
  }),
  accounts: t.field({
    type: AccountConnection,
    nullable: true,
    description: 'All accounts, newest first. For administrators.',
    authScopes: { admin: true },
    complexity: pageComplexity,
    args: {
      ...pageArguments(t.arg),
    },
    resolve: (_root, args, context) => resolve.accounts(context, args),
  }),
}));

builder.mutationFields((t) => ({
  createAccount: t.field({
    type: CreatedAccount,
    description: 'Makes an account with its welcome credits and its first key. For administrators.',
    authScopes: { admin: true },
    args: { input: t.arg({ type: CreateAccountInput, required: true, description: 'The account.' }) },
    errors: {
      types: [InvalidInputError, IdempotencyConflictError, BusyError],
      union: { name: 'CreateAccountResult', description: 'The account, or why there is none.' },
    },
    resolve: (_root, { input }, context) => resolve.createAccount(context, input),
  }),
  grantCredits: t.field({
    type: Grant,
    description: 'Gives credits to an account. For administrators.',
    authScopes: { admin: true },
    args: { input: t.arg({ type: GrantCreditsInput, required: true, description: 'What to give, and to whom.' }) },
    errors: {
      types: [AccountNotFoundError, InvalidInputError, IdempotencyConflictError, BusyError],
      union: { name: 'GrantCreditsResult', description: 'The grant, or why nothing was given.' },
    },
    resolve: (_root, { input }, context) => resolve.grantCredits(context, input),
  }),
  voidGrant: t.field({
    type: Grant,
    description: 'Withdraws what is left of a grant; what is held or was charged stays. For administrators.',
    authScopes: { admin: true },
    args: { input: t.arg({ type: VoidGrantInput, required: true, description: 'The grant.' }) },
    errors: {
      types: [GrantNotFoundError, GrantNotVoidableError, InvalidInputError, IdempotencyConflictError, BusyError],
      union: { name: 'VoidGrantResult', description: 'The grant as it is now, or why nothing was withdrawn.' },
    },
    resolve: (_root, { input }, context) => resolve.voidGrant(context, input),
  }),
}));
