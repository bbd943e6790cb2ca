/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query Models($kind: MediaKind, $search: String) {\n  models(kind: $kind, search: $search) {\n    id\n    name\n    label\n    kind\n    workflow\n    credits\n    isDefault\n    available\n  }\n}\n\nquery Wallet {\n  wallet {\n    id\n    available\n    held\n    debt\n    isLow\n    rollover\n    topUp\n    monthly {\n      quota\n      remaining\n      resetsAt\n    }\n    plan {\n      code\n      name\n    }\n  }\n}\n\nmutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      creditsHeld\n      creditsCharged\n      replayed\n    }\n    ... on Error {\n      code\n      message\n    }\n    ... on InsufficientCreditsError {\n      required\n      available\n      shortfall\n      topUpUrl\n      suggestedPack {\n        code\n        name\n      }\n    }\n  }\n}\n\nquery Generation($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    progress\n    creditsHeld\n    creditsCharged\n    text\n    assets {\n      id\n      url\n      mimeType\n    }\n    failure {\n      code\n      message\n      retryable\n    }\n  }\n}\n\nmutation CreateCheckout($input: CreateCheckoutInput!) {\n  createCheckout(input: $input) {\n    __typename\n    ... on Checkout {\n      id\n      url\n      status\n      credits\n      price {\n        formatted\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": typeof types.ModelsDocument,
};
const documents: Documents = {
    "query Models($kind: MediaKind, $search: String) {\n  models(kind: $kind, search: $search) {\n    id\n    name\n    label\n    kind\n    workflow\n    credits\n    isDefault\n    available\n  }\n}\n\nquery Wallet {\n  wallet {\n    id\n    available\n    held\n    debt\n    isLow\n    rollover\n    topUp\n    monthly {\n      quota\n      remaining\n      resetsAt\n    }\n    plan {\n      code\n      name\n    }\n  }\n}\n\nmutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      creditsHeld\n      creditsCharged\n      replayed\n    }\n    ... on Error {\n      code\n      message\n    }\n    ... on InsufficientCreditsError {\n      required\n      available\n      shortfall\n      topUpUrl\n      suggestedPack {\n        code\n        name\n      }\n    }\n  }\n}\n\nquery Generation($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    progress\n    creditsHeld\n    creditsCharged\n    text\n    assets {\n      id\n      url\n      mimeType\n    }\n    failure {\n      code\n      message\n      retryable\n    }\n  }\n}\n\nmutation CreateCheckout($input: CreateCheckoutInput!) {\n  createCheckout(input: $input) {\n    __typename\n    ... on Checkout {\n      id\n      url\n      status\n      credits\n      price {\n        formatted\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": types.ModelsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Models($kind: MediaKind, $search: String) {\n  models(kind: $kind, search: $search) {\n    id\n    name\n    label\n    kind\n    workflow\n    credits\n    isDefault\n    available\n  }\n}\n\nquery Wallet {\n  wallet {\n    id\n    available\n    held\n    debt\n    isLow\n    rollover\n    topUp\n    monthly {\n      quota\n      remaining\n      resetsAt\n    }\n    plan {\n      code\n      name\n    }\n  }\n}\n\nmutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      creditsHeld\n      creditsCharged\n      replayed\n    }\n    ... on Error {\n      code\n      message\n    }\n    ... on InsufficientCreditsError {\n      required\n      available\n      shortfall\n      topUpUrl\n      suggestedPack {\n        code\n        name\n      }\n    }\n  }\n}\n\nquery Generation($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    progress\n    creditsHeld\n    creditsCharged\n    text\n    assets {\n      id\n      url\n      mimeType\n    }\n    failure {\n      code\n      message\n      retryable\n    }\n  }\n}\n\nmutation CreateCheckout($input: CreateCheckoutInput!) {\n  createCheckout(input: $input) {\n    __typename\n    ... on Checkout {\n      id\n      url\n      status\n      credits\n      price {\n        formatted\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"): typeof import('./graphql.ts').ModelsDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
