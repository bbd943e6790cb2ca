import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './account.ts';
import './auto-top-up.ts';
import './billing.ts';
import './catalog.ts';
import './clock.ts';
import './error.ts';
import './generation.ts';
import './invoice.ts';
import './live.ts';
import './node-query.ts';
import './plan-subscription.ts';
import './scalars.ts';
import './stripe-event.ts';
import './stripe-upkeep.ts';
import './upload.ts';
import './wallet.ts';

/** The schema, with all its resolvers. Members and values keep the order in which the contract lists them. */
export const schema: GraphQLSchema = builder.toSchema({ sortSchema: false });
