import { describe, expect, it } from 'vitest';
import { playMelody } from '../../../src/providers/sandbox/melody.ts';
import { encodeWav } from '../../../src/providers/sandbox/wav.ts';

describe('encodeWav', () => {
  it('given three samples, when encoded, then the header says PCM, mono, 16 bit, and the lengths add up', () => {
    const file = Buffer.from(encodeWav(Float32Array.of(0, 0.5, -0.5), 16_000));

    expect(file.toString('latin1', 0, 4)).toBe('RIFF');
    expect(file.readUInt32LE(4)).toBe(file.length - 8);
    expect(file.toString('latin1', 8, 16)).toBe('WAVEfmt ');
    expect(file.readUInt32LE(16)).toBe(16); // length of the format chunk
    expect(file.readUInt16LE(20)).toBe(1); // PCM
    expect(file.readUInt16LE(22)).toBe(1); // channels
    expect(file.readUInt32LE(24)).toBe(16_000); // samples a second
    expect(file.readUInt32LE(28)).toBe(32_000); // bytes a second = 16,000 x 2
    expect(file.readUInt16LE(32)).toBe(2); // bytes a sample
    expect(file.readUInt16LE(34)).toBe(16); // bits a sample
    expect(file.toString('latin1', 36, 40)).toBe('data');
    expect(file.readUInt32LE(40)).toBe(6); // 3 samples x 2 bytes
    expect(file.length).toBe(50); // 44 + 6
    expect([44, 46, 48].map((at) => file.readInt16LE(at))).toEqual([0, 16_384, -16_383]);
  });

  it('given samples that are too loud, when encoded, then they are clipped instead of wrapping round', () => {
    const file = Buffer.from(encodeWav(Float32Array.of(3, -3), 16_000));

    expect([file.readInt16LE(44), file.readInt16LE(46)]).toEqual([32_767, -32_767]);
  });
});

describe('playMelody', () => {
  const samplesOf = (content: Uint8Array) => {
    const file = Buffer.from(content);
    return Array.from({ length: (file.length - 44) / 2 }, (_, index) => file.readInt16LE(44 + index * 2));
  };

  it('given a seed, when played, then it sounds for two seconds, is never clipped and ends in silence', () => {
    const samples = samplesOf(playMelody('seed'));
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

    expect(samples).toHaveLength(32_000); // 2 s x 16,000 Hz
    expect(loudest).toBeGreaterThan(8_000);
    expect(loudest).toBeLessThan(32_767);
    expect(samples.slice(-10).every((sample) => Math.abs(sample) < 10)).toBe(true);
  });

  it('given two seeds, when played, then the melodies differ', () => {
    expect(samplesOf(playMelody('one'))).not.toEqual(samplesOf(playMelody('two')));
  });
});
