import { expect, it } from 'vitest';
import { falInputOf } from '../../../src/providers/fal/fal-inputs.ts';

it.each([
  ['fal-ai/veo3.1/fast', { duration_seconds: 5 }, { duration: '5s' }],
  ['fal-ai/kling-video/v3/standard/text-to-video', { duration_seconds: 5 }, { duration: '5' }],
  ['fal-ai/bytedance/seedance/v1/pro/text-to-video', { duration_seconds: 5 }, { duration: '5' }],
  ['fal-ai/sora-2/text-to-video', { duration_seconds: 4 }, { duration: 4 }],
  ['cassetteai/music-generator', { duration_seconds: 30 }, { duration: 30 }],
  [
    'fal-ai/kling-video/v3/pro/image-to-video',
    { image_url: 'i', duration_seconds: 5 },
    { start_image_url: 'i', duration: '5' },
  ],
  ['fal-ai/kling-video/o3/pro/image-to-video', { image_url: 'i', duration: '5' }, { image_url: 'i', duration: '5' }],
  ['fal-ai/elevenlabs/tts/turbo-v2.5', { text: 't', voice_id: 'Aria' }, { text: 't', voice: 'Aria' }],
  ['fal-ai/minimax/speech-02-hd', { voice_id: 'v' }, { voice_setting: { voice_id: 'v' } }],
  ['fal-ai/minimax/voice-design', { text: 't', voice_description: 'd' }, { preview_text: 't', prompt: 'd' }],
  ['fal-ai/sadtalker', { image_url: 'i', audio_url: 'a' }, { source_image_url: 'i', driven_audio_url: 'a' }],
  ['fal-ai/flux/schnell', { prompt: 'p', num_images: 2 }, { prompt: 'p', num_images: 2 }],
])(
  'given the inputs of %s, when they go to fal, then under the names that fal has for them',
  (modelId, input, sent) => {
    expect(falInputOf(modelId, input)).toEqual(sent);
  },
);
