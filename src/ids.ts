import { randomBytes } from 'node:crypto';
import { TypeID } from 'typeid-js';
import type { Clock } from './clock.ts';

/** What an id speaks of. Ids read `<prefix>_<26 characters>` and sort by the time they were made. */
export type IdPrefix =
  | 'account'
  | 'key'
  | 'grant'
  | 'gen'
  | 'asset'
  | 'upload'
  | 'file'
  | 'checkout'
  | 'subscription'
  | 'change'
  | 'topup'
  | 'event'
  | 'job'
  | 'lease'
  | 'error';

/** Where all ids and random bytes come from. Handed to every part that needs it, so that tests can foretell it. */
export interface IdSource {
  next(prefix: IdPrefix): string;
  randomBytes(length: number): Buffer;
}

/**
 * Ids as TypeIDs: a UUIDv7 (RFC 9562) from the clock and 74 random bits, in base 32 behind the prefix. `bytes` is
 * where randomness comes from: the machine's own, unless a simulation has to foretell it.
 */
export function createIdSource(clock: Clock, bytes?: IdSource['randomBytes']): IdSource {
  const bytesOfIds = bytes ?? machineBytesInStock();
  return {
    next: (prefix) => TypeID.fromUUIDBytes(prefix, uuidV7(clock.now(), bytesOfIds(10))).toString(),
    randomBytes: bytes ?? randomBytes,
  };
}

const stockBytes = 4_096;

/** The machine's randomness for what is no secret, fetched in advance: ten bytes take as long as thousands. */
function machineBytesInStock(): IdSource['randomBytes'] {
  let stock = Buffer.alloc(0);
  return (length) => {
    if (stock.length < length) stock = randomBytes(stockBytes);
    const taken = stock.subarray(0, length);
    stock = stock.subarray(length);
    return taken;
  };
}

/** The 16 bytes of a UUIDv7 (RFC 9562, 5.7) for an instant in milliseconds and ten random bytes. */
function uuidV7(unixMs: number, random: Buffer): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(unixMs, 0, 6);
  random.copy(bytes, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}
