import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createClient,
  creditsById,
  creditsOf,
  directorsCutCredits,
  labelOf,
  ModelsDocument,
  type PricedModel,
  shotImageCredits,
  shotVideoCredits,
} from '../../src/client/index.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('the helpers that front ends price with', () => {
  let testApp: TestApp;
  let models: readonly PricedModel[];

  beforeAll(async () => {
    testApp = await startTestApp('embedded');
    ({ models } = await createClient({ url: `${testApp.url}/graphql` }).execute(ModelsDocument));
  });
  afterAll(() => testApp.close());

  it('given a known model, when its price is asked, then it is that of the catalog', () => {
    expect(creditsOf(models, 'fal-ai/flux/schnell')).toBe(3);
    expect(creditsOf(models, 'fal-ai/sora-2/text-to-video/pro')).toBe(50);
  });

  it('G18 given an id that no model has, when its price is asked, then there is none, also for a part of a real id', () => {
    expect(creditsOf(models, 'fal-ai/flux')).toBeUndefined();
    expect(creditsOf(models, '')).toBeUndefined();
  });

  it('given ids, when labels are asked, then unknown ones fall back to the name, else the id', () => {
    expect(labelOf(models, 'fal-ai/flux/schnell')).toBe('FLUX Schnell (3 credits)');
    expect(labelOf(models, 'gone', 'Gone')).toBe('Gone');
    expect(labelOf(models, 'gone')).toBe('gone');
  });

  it('given the catalog, when it is mapped, then all 174 prices are there', () => {
    const prices = creditsById(models);
    expect(prices.size).toBe(174);
    expect(prices.get('fal-ai/nano-banana-2')).toBe(4);
  });

  it('given no model, when shots are priced, then the defaults of their kinds count: 4 and 20', () => {
    expect(shotImageCredits(models)).toBe(4);
    expect(shotVideoCredits(models)).toBe(20);
  });

  it('given a model, when shots are priced, then it counts; an unknown one has no price, one of another kind is refused', () => {
    expect(shotVideoCredits(models, 'fal-ai/veo3.1')).toBe(40);
    expect(shotImageCredits(models, 'gone')).toBeUndefined();
    expect(() => shotImageCredits(models, 'fal-ai/veo3.1')).toThrow('makes VIDEO, not IMAGE');
    expect(() => shotVideoCredits(models, 'fal-ai/nano-banana-2')).toThrow('makes IMAGE, not VIDEO');
  });

  it("given the model of the Director's Cut, when a shot is priced with it, then it is refused, as the API does", async () => {
    const compose = 'fal-ai/ffmpeg-api/compose';
    expect(creditsOf(models, compose)).toBe(12);
    expect(() => shotVideoCredits(models, compose)).toThrow('is made of shots');
    const { data } = await testApp.graphql(
      `{ quote(input: { operation: SHOT_VIDEO, modelId: "${compose}" }) { __typename } }`,
    );
    expect(data).toEqual({ quote: { __typename: 'InvalidInputError' } });
  });

  it('given a front end that has no model yet, when shots are priced with null, then the defaults count', () => {
    expect([shotImageCredits(models, null), shotVideoCredits(models, null)]).toEqual([4, 20]);
  });

  it("given the catalog, when a Director's Cut is priced, then it costs 12; without its model it has no price", () => {
    expect(directorsCutCredits(models)).toBe(12);
    expect(directorsCutCredits(models.filter(({ workflow }) => workflow !== 'directors-cut'))).toBeUndefined();
  });
});
