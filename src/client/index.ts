export { type Client, ClientError, createClient, type GraphqlFailure } from './client.ts';
export {
  creditsById,
  creditsOf,
  directorsCutCredits,
  labelOf,
  type PricedModel,
  shotImageCredits,
  shotVideoCredits,
} from './credits.ts';
export * from './generated/graphql.ts';
export { uploadFile } from './upload.ts';
