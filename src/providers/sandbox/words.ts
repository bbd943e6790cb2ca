import type { JsonObject, ProviderRequest } from '../provider.ts';
import { fractionsOf } from './seed.ts';

const quotedCharacters = 120;

/** Gives what was asked for in words: the input's `prompt`, else its `text`, else an empty string. */
export function promptOf(input: JsonObject): string {
  return [input.prompt, input.text].find((words) => typeof words === 'string') ?? '';
}

/** Gives the answer of a model that writes: who answered, that it was the sandbox, and the prompt, shortened. */
export function writeAnswer(request: ProviderRequest): string {
  const answered = `${request.model.name} answered in the sandbox; no real model was called.`;
  const prompt = promptOf(request.input).replace(/\s+/g, ' ').trim();
  return prompt === '' ? answered : `${answered} You asked: “${shorten(prompt)}”`;
}

// Counted in code points, because half a surrogate pair cannot be stored.
function shorten(words: string): string {
  const characters = Array.from(words);
  if (characters.length <= quotedCharacters) return words;
  return `${characters.slice(0, quotedCharacters).join('').trimEnd()}…`;
}

/** A piece of a transcript. */
interface TranscriptSegment {
  /** In seconds from the beginning. */
  readonly start: number;
  /** In seconds from the beginning, exclusive. */
  readonly end: number;
  readonly text: string;
}

const sentences = [
  'The morning train was late again.',
  'Somewhere a kettle began to sing.',
  'We kept the window open all night.',
  'Nobody had expected the rain to stop.',
  'She drew a map on the back of a ticket.',
  'The harbour lights came on one by one.',
  'It took three tries to get the tune right.',
  'By noon the market had sold out of plums.',
];
const secondsPerSentence = 2.5;

/** Gives the segments of a transcript, an opening that says it is the sandbox's and three more that the seed chooses. */
export function writeTranscript(modelName: string, seed: string): TranscriptSegment[] {
  const opening = `This is a transcript by ${modelName} in the sandbox.`;
  const rest = [...sentences];
  const chosen = fractionsOf(seed, 3).flatMap((fraction) => rest.splice(Math.floor(fraction * rest.length), 1));
  return [opening, ...chosen].map((text, index) => ({
    start: index * secondsPerSentence,
    end: (index + 1) * secondsPerSentence,
    text,
  }));
}
