import { fractionsOf } from './seed.ts';
import { encodeWav } from './wav.ts';

/** Length of every sandbox melody, in seconds. */
export const melodySeconds = 2;

const sampleRateHz = 16_000;
const noteCount = 8;
const attackSeconds = 0.01;
const turn = 2 * Math.PI;

// Semitones above the root; any order of a pentatonic scale sounds well.
const pentatonic = [0, 2, 4, 7, 9, 12];

/** Gives a WAV of eight bell-like notes that the seed chooses. */
export function playMelody(seed: string): Uint8Array {
  const [root = 0, ...picks] = fractionsOf(seed, 1 + noteCount);
  const rootHz = 220 * 2 ** (Math.floor(root * 12) / 12);
  const samplesPerNote = (melodySeconds * sampleRateHz) / noteCount;
  const samples = new Float32Array(melodySeconds * sampleRateHz);
  picks.forEach((pick, note) => {
    const semitones = pentatonic[Math.floor(pick * pentatonic.length)] ?? 0;
    samples.set(ringNote(rootHz * 2 ** (semitones / 12), samplesPerNote), note * samplesPerNote);
  });
  return encodeWav(samples, sampleRateHz);
}

/** Samples of one struck note. It begins and ends in silence, so that notes join without a click. */
function ringNote(pitchHz: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => {
    const seconds = index / sampleRateHz;
    const loudness = Math.min(1, seconds / attackSeconds) * (1 - index / length) ** 2;
    const tone = Math.sin(turn * pitchHz * seconds) + 0.3 * Math.sin(turn * 2 * pitchHz * seconds);
    return 0.45 * loudness * tone;
  });
}
