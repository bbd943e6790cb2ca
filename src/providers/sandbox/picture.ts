import { encodePng } from './png.ts';
import { fractionsOf } from './seed.ts';

/** Width and height of every sandbox picture, in pixels. */
export const pictureSizePixels = 512;

// Fewer steps show as bands, more make the file larger than it needs to be.
const colourCount = 128;
const turn = 2 * Math.PI;

/** Gives a PNG of soft waves: the prompt decides the colours, the seed the shape. */
export function drawPicture(prompt: string, seed: string): Uint8Array {
  return encodePng({
    width: pictureSizePixels,
    height: pictureSizePixels,
    palette: paletteOf(prompt),
    indices: wavesOf(seed),
  });
}

/** A dark-to-light run of colours between two neighbouring hues. */
function paletteOf(prompt: string): Uint8Array {
  const [firstHue = 0, spread = 0, direction = 0] = fractionsOf(prompt, 3);
  const hueSpan = (direction < 0.5 ? -1 : 1) * (0.12 + 0.2 * spread);
  const colours = Array.from({ length: colourCount }, (_, index) => {
    const position = index / (colourCount - 1);
    return rgbOf(firstHue + hueSpan * position, 0.7, 0.16 + 0.66 * position);
  });
  return Uint8Array.from(colours.flat());
}

/** Red, green and blue (0 to 255) of a hue in turns, and a saturation and a lightness from 0 to 1. */
function rgbOf(hue: number, saturation: number, lightness: number): number[] {
  const strength = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const sector = (((offset + 12 * hue) % 12) + 12) % 12;
    return Math.round(255 * (lightness - strength * Math.max(-1, Math.min(sector - 3, 9 - sector, 1))));
  });
}

/** Palette indices of one wave that a second one bends. */
function wavesOf(seed: string): Uint8Array {
  const [angle = 0, length = 0, phase = 0, bendAngle = 0, bendLength = 0, bendPhase = 0] = fractionsOf(seed, 6);
  const frequency = (turn * (0.8 + 0.8 * length)) / pictureSizePixels;
  const bendFrequency = (turn * (0.8 + 0.6 * bendLength)) / pictureSizePixels;
  const [acrossX, acrossY] = [frequency * Math.cos(turn * angle), frequency * Math.sin(turn * angle)];
  const [bendX, bendY] = [bendFrequency * Math.cos(turn * bendAngle), bendFrequency * Math.sin(turn * bendAngle)];
  const indices = new Uint8Array(pictureSizePixels * pictureSizePixels);
  for (let y = 0; y < pictureSizePixels; y += 1) {
    for (let x = 0; x < pictureSizePixels; x += 1) {
      const bend = 1.6 * Math.sin(bendX * x + bendY * y + turn * bendPhase);
      const height = Math.sin(acrossX * x + acrossY * y + turn * phase + bend);
      indices[y * pictureSizePixels + x] = Math.round(((height + 1) / 2) * (colourCount - 1));
    }
  }
  return indices;
}
