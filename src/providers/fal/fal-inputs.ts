import type { JsonObject } from '../provider.ts';

type Change = (value: unknown) => JsonObject;

const rename =
  (name: string): Change =>
  (value) => ({ [name]: value });
/** Lengths that fal wants as a number of seconds, as its digits, or with an s behind. */
const asNumber: Change = (value) => ({ duration: value });
const asDigits: Change = (value) => ({ duration: String(value) });
const withUnit: Change = (value) => ({ duration: `${String(value)}s` });
const asVoiceSetting: Change = (value) => ({ voice_setting: { voice_id: value } });

/** Which of our inputs a model of fal's knows by another name or in another form; the others go as they are. */
const changes: readonly [models: RegExp, inputs: Readonly<Record<string, Change>>][] = [
  [/^fal-ai\/veo3/, { duration_seconds: withUnit }],
  [/^fal-ai\/(kling-video|bytedance\/seedance)\//, { duration_seconds: asDigits }],
  [/^fal-ai\/(sora-2|ltx-2)|^cassetteai\//, { duration_seconds: asNumber }],
  [/^fal-ai\/kling-video\/v3\/pro\/image-to-video$/, { image_url: rename('start_image_url') }],
  [/^fal-ai\/elevenlabs\/tts\//, { voice_id: rename('voice') }],
  [/^fal-ai\/minimax\/speech-/, { voice_id: asVoiceSetting }],
  [/^fal-ai\/minimax\/voice-design$/, { text: rename('preview_text'), voice_description: rename('prompt') }],
  [/^fal-ai\/qwen-3-tts\/voice-design\//, { voice_description: rename('prompt') }],
  [/^fal-ai\/clarity-upscaler$/, { scale: rename('upscale_factor') }],
  [/^fal-ai\/yue$/, { genre: rename('genres') }],
  [/^fal-ai\/sadtalker$/, { image_url: rename('source_image_url'), audio_url: rename('driven_audio_url') }],
  [/^fal-ai\/liveportrait$/, { driving_video_url: rename('video_url') }],
];

/** A model's inputs as fal takes them. */
export function falInputOf(modelId: string, input: JsonObject): JsonObject {
  const own = Object.assign(
    {},
    ...changes.filter(([models]) => models.test(modelId)).map(([, inputs]) => inputs),
  ) as Readonly<Record<string, Change>>; // Of the objects above.
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => Object.entries(own[name]?.(value) ?? { [name]: value })),
  );
}
