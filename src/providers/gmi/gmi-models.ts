import type { JsonObject } from '../provider.ts';

/** What GMI Cloud calls a model, and its inputs where it calls them otherwise. */
interface GmiModel {
  readonly name: string;
  readonly inputs?: Readonly<Record<string, (value: unknown) => JsonObject>>;
}

const rename =
  (name: string) =>
  (value: unknown): JsonObject => ({ [name]: value });
const inList =
  (name: string) =>
  (value: unknown): JsonObject => ({ [name]: [value] });
const upperCase =
  (name: string) =>
  (value: unknown): JsonObject => ({ [name]: typeof value === 'string' ? value.toUpperCase() : value });

const seedream = {
  name: 'seedream-5.0-lite',
  inputs: { num_images: rename('max_images') },
};
const seedance = { image_url: rename('first_frame') };
const veo = { aspect_ratio: rename('aspectRatio'), duration: rename('durationSeconds') };

/** Models that GMI Cloud knows by another name than ours without its "gmi/", or with other inputs. */
const models: Readonly<Record<string, GmiModel>> = {
  'gmi/seedream-5.0': seedream,
  'gmi/seedream-5.0-lite': seedream,
  'gmi/kling-v3-omni': {
    name: 'kling-v3-omni',
    inputs: { image_url: (url) => ({ image_list: [{ image_url: url, type: 'first_frame' }] }) },
  },
  'gmi/wan2.6-t2v': { name: 'wan2.6-t2v', inputs: { video_length: rename('duration') } },
  'gmi/veo3': { name: 'veo3', inputs: veo },
  'gmi/veo3-fast': { name: 'veo3-fast', inputs: veo },
  'gmi/kling-i2v-v2.1-master': { name: 'kling-image2video-v2.1-master', inputs: { image_url: rename('image') } },
  'gmi/kling-t2v-v2.1-master': { name: 'kling-text2video-v2.1-master' },
  'gmi/ltx-fast-i2v': { name: 'ltx-2-fast-image-to-video', inputs: { image_url: rename('image_uri') } },
  'gmi/ltx-pro-a2v': { name: 'ltx-2-pro-audio-to-video', inputs: { image_url: rename('image_uri') } },
  'gmi/seedance-2.0-t2v': { name: 'seedance-2-0-260128' },
  'gmi/seedance-2.0-i2v': { name: 'seedance-2-0-260128', inputs: seedance },
  'gmi/seedance-2.0-fast-t2v': { name: 'seedance-2-0-fast-260128' },
  'gmi/seedance-2.0-fast-i2v': { name: 'seedance-2-0-fast-260128', inputs: seedance },
  'gmi/wan2.7-i2v': {
    name: 'wan2.7-i2v',
    inputs: { image_url: rename('first_frame'), resolution: upperCase('resolution') },
  },
  'gmi/wan2.7-r2v': {
    name: 'wan2.7-r2v',
    inputs: {
      image_url: inList('reference_image'),
      video_url: inList('reference_video'),
      resolution: upperCase('resolution'),
    },
  },
  'gmi/inworld-tts-1-5-max': { name: 'inworld-tts-1.5-max' },
  'gmi/gemini-3.1-flash-lite': { name: 'google/gemini-3.1-flash-lite' },
  'gmi/claude-opus-4.7': { name: 'anthropic/claude-opus-4.7' },
  'gmi/glm-5.1': { name: 'zai-org/GLM-5.1-FP8' },
  'gmi/deepseek-r1': { name: 'deepseek-ai/DeepSeek-R1' },
  'gmi/openai-o4-mini': { name: 'openai/o4-mini' },
};

const modelOf = (modelId: string): GmiModel => models[modelId] ?? { name: modelId.replace(/^gmi\//, '') };

/** What GMI Cloud calls a model. */
export const gmiNameOf = (modelId: string): string => modelOf(modelId).name;

/** A model's inputs as GMI Cloud takes them. */
export function gmiInputOf(modelId: string, input: JsonObject): JsonObject {
  const { inputs = {} } = modelOf(modelId);
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => Object.entries(inputs[name]?.(value) ?? { [name]: value })),
  );
}
