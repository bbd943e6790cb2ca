import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFalWebhook, type FalWebhook, type FalWebhookHeaders } from '../../../src/providers/fal/fal-webhook.ts';
import { type LocalServer, startLocalServer } from '../../support/providers/local-server.ts';
import { createQuietOutgoing } from '../../support/providers/quiet-outgoing.ts';
import { createTestClock, type TestClock } from '../../support/test-clock.ts';

describe('a webhook of fal', () => {
  const first = generateKeyPairSync('ed25519');
  const second = generateKeyPairSync('ed25519');
  let clock: TestClock;
  let published: KeyObject[];
  let server: LocalServer;
  let webhook: FalWebhook;

  beforeEach(async () => {
    clock = createTestClock();
    published = [first.publicKey];
    server = await startLocalServer(() => ({
      status: 200,
      body: { keys: published.map((key) => key.export({ format: 'jwk' })) },
    }));
    webhook = createFalWebhook({
      clock,
      outgoing: createQuietOutgoing(null, clock),
      jwksUrl: `${server.url}/jwks.json`,
    });
  });
  afterEach(() => server.close());

  const body = Buffer.from('{"request_id":"req-1","gateway_request_id":"req-2","status":"OK","payload":{}}');
  const signed = (key: KeyObject = first.privateKey, ageSeconds = 0, signedBody = body): FalWebhookHeaders => {
    const timestamp = String(clock.now() / 1_000 - ageSeconds);
    const hash = createHash('sha256').update(signedBody).digest('hex');
    const signature = sign(null, Buffer.from(`req-2\nuser-1\n${timestamp}\n${hash}`), key).toString('hex');
    return { requestId: 'req-2', userId: 'user-1', timestamp, signature };
  };

  it('given one that fal signed, when it is read, then it speaks of the request as the queue knows it', async () => {
    expect(await webhook.verify(signed(), body)).toBe('req-1');
    expect(await webhook.verify(signed(first.privateKey, 300), body)).toBe('req-1');
    expect(await webhook.verify(signed(first.privateKey, -300), body)).toBe('req-1');
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, () => [FalWebhookHeaders, Buffer]]>([
    ['signed by somebody else', () => [signed(second.privateKey), body]],
    ['older than five minutes', () => [signed(first.privateKey, 301), body]],
    ['from the future', () => [signed(first.privateKey, -301), body]],
    ['of another body', () => [signed(), Buffer.from('{"request_id":"req-3"}')]],
    ['of another request', () => [{ ...signed(), requestId: 'req-9' }, body]],
    ['of another user', () => [{ ...signed(), userId: 'user-9' }, body]],
    ['with another time', () => [{ ...signed(), timestamp: String(clock.now() / 1_000 - 1) }, body]],
    ['without a signature', () => [{ ...signed(), signature: null }, body]],
    ['with half a signature', () => [{ ...signed(), signature: 'ab12' }, body]],
    ['with a time that is none', () => [{ ...signed(), timestamp: 'now' }, body]],
    ['without a request', () => [signed(first.privateKey, 0, Buffer.from('{}')), Buffer.from('{}')]],
    ['that is no JSON', () => [signed(first.privateKey, 0, Buffer.from('OK')), Buffer.from('OK')]],
  ])('G23 given one %s, when it is read, then it is refused', async (_what, make) => {
    expect(await webhook.verify(...make())).toBeNull();
  });

  it('given a new key of fal, when it signs, then the keys are asked for again, but not for every forged one', async () => {
    expect(await webhook.verify(signed(), body)).toBe('req-1');
    for (let count = 0; count < 5; count += 1) expect(await webhook.verify(signed(second.privateKey), body)).toBeNull();
    expect(server.requests).toHaveLength(1);
    clock.advanceSeconds(60);
    published = [first.publicKey, second.publicKey];
    expect(await webhook.verify(signed(second.privateKey), body)).toBe('req-1');
    expect(server.requests).toHaveLength(2);
  });

  it('given a key that fal withdrew, when a day is over, then it counts no more', async () => {
    expect(await webhook.verify(signed(), body)).toBe('req-1');
    published = [second.publicKey];
    clock.advanceSeconds(24 * 60 * 60 - 1);
    expect(await webhook.verify(signed(), body)).toBe('req-1');
    clock.advanceSeconds(1);
    expect(await webhook.verify(signed(), body)).toBeNull();
  });

  it('given fal whose keys cannot be had, when one is read, then that is said and not decided', async () => {
    await server.close();
    await expect(webhook.verify(signed(), body)).rejects.toThrow('could not be reached');
  });
});
