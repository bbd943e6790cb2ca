const headerLength = 44;
const bytesPerSample = 2;
const formatPcm = 1;
const channels = 1;

/**
 * Gives the bytes of a WAV file (RIFF WAVE, PCM, 16-bit, mono) for samples from -1 to 1 and a rate in hertz.
 * Louder samples are clipped.
 */
export function encodeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const dataLength = samples.length * bytesPerSample;
  const file = Buffer.alloc(headerLength + dataLength);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(formatPcm, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(sampleRateHz, 24);
  file.writeUInt32LE(sampleRateHz * channels * bytesPerSample, 28);
  file.writeUInt16LE(channels * bytesPerSample, 32);
  file.writeUInt16LE(bytesPerSample * 8, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(dataLength, 40);
  samples.forEach((sample, index) => {
    file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), headerLength + index * bytesPerSample);
  });
  return file;
}
