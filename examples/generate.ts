// Shows the price, generates an image and prints where it is. Run it beside the server:
//   node --import tsx examples/generate.ts "a red fox in the snow"
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, GenerateDocument, GenerationDocument, ModelsDocument } from '../src/client/index.ts';

const client = createClient({
  url: process.env['WZRD_URL'] ?? 'http://127.0.0.1:4000/graphql',
  apiKey: process.env['WZRD_API_KEY'] ?? 'wzrd_test_demo',
});

const { models } = await client.execute(ModelsDocument, { kind: 'IMAGE' });
console.log(models.find((model) => model.isDefault)?.label);

const prompt = process.argv[2] ?? 'a red fox in the snow';
const { generate } = await client.execute(GenerateDocument, { input: { kind: 'IMAGE', prompt } });
switch (generate.__typename) {
  case 'Generation': {
    console.log(`${generate.id}: ${generate.creditsHeld} credits held`);
    for (;;) {
      const { generation } = await client.execute(GenerationDocument, { id: generate.id });
      if (generation === null || generation.status === 'FAILED' || generation.status === 'CANCELED') {
        throw new Error(generation?.failure?.message ?? 'There is no result.');
      }
      if (generation.status === 'SUCCEEDED') {
        console.log(`${generation.creditsCharged} credits charged: ${generation.assets[0]?.url}`);
        break;
      }
      await wait(500);
    }
    break;
  }
  case 'InsufficientCreditsError':
    console.log(`${generate.message} ${generate.suggestedPack?.name ?? ''} would do.`);
    break;
  default:
    throw new Error(generate.message);
}
