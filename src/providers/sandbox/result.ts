import type { JsonObject, MadeAsset, ProviderRequest, ProviderResult } from '../provider.ts';
import { loadClip } from './clip.ts';
import { melodySeconds, playMelody } from './melody.ts';
import { drawPicture, pictureSizePixels } from './picture.ts';
import { promptOf, writeAnswer, writeTranscript } from './words.ts';

const empty: ProviderResult = { assets: [], text: null, output: null };
const mostPictures = 4;

/** Gives what the sandbox makes for a request; the same request and seed give the same bytes. */
export async function makeResult(request: ProviderRequest, seed: string): Promise<ProviderResult> {
  switch (request.model.workflow) {
    case 'image-analysis':
      return { ...empty, text: writeAnswer(request) };
    case 'speech-to-text':
      return transcriptOf(request, seed);
    case 'voice-clone':
    case 'voice-design':
      return { ...empty, assets: [melodyOf(seed)], output: { voice_id: `sandbox_voice_${seed}` } };
    case 'element-creation':
      return { ...empty, output: { element_id: `sandbox_element_${seed}` } };
    default:
      return makeResultOfKind(request, seed);
  }
}

async function makeResultOfKind(request: ProviderRequest, seed: string): Promise<ProviderResult> {
  switch (request.model.kind) {
    case 'IMAGE':
      return { ...empty, assets: picturesOf(request.input, seed) };
    case 'VIDEO':
      return { ...empty, assets: [await loadClip()] };
    case 'AUDIO':
      return { ...empty, assets: [melodyOf(seed)] };
    case 'TEXT':
      return { ...empty, text: writeAnswer(request) };
  }
}

function picturesOf(input: JsonObject, seed: string): MadeAsset[] {
  return Array.from({ length: pictureCountOf(input) }, (_, index) => ({
    content: drawPicture(promptOf(input), `${seed}_${index}`),
    mimeType: 'image/png',
    width: pictureSizePixels,
    height: pictureSizePixels,
    durationSeconds: null,
  }));
}

/** The input's `num_images`, from 1 to 4; 1 when it has none. */
function pictureCountOf({ num_images: count }: JsonObject): number {
  return typeof count === 'number' && Number.isInteger(count) ? Math.max(1, Math.min(mostPictures, count)) : 1;
}

function melodyOf(seed: string): MadeAsset {
  return {
    content: playMelody(seed),
    mimeType: 'audio/wav',
    width: null,
    height: null,
    durationSeconds: melodySeconds,
  };
}

function transcriptOf(request: ProviderRequest, seed: string): ProviderResult {
  const segments = writeTranscript(request.model.name, seed);
  return { ...empty, text: segments.map((segment) => segment.text).join(' '), output: { segments } };
}
