import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/generation/public-address.ts';
import { createRemoteFiles, RemoteFileError, type RemoteFiles } from '../../src/generation/remote-files.ts';
import { kindOfMedia, sniffMedia } from '../../src/generation/sniff-media.ts';
import { type LocalServer, startLocalServer } from '../support/providers/local-server.ts';
import { media } from '../support/providers/media.ts';

describe('files on other servers', () => {
  let server: LocalServer;
  let files: RemoteFiles;

  beforeAll(async () => {
    server = await startLocalServer(({ path }) => {
      const name = path.slice(1);
      return name in media
        ? { status: 200, headers: { 'content-type': 'text/plain' }, body: media[name as keyof typeof media] }
        : { status: 404, body: 'none' };
    });
    files = createRemoteFiles([server.url]);
  });
  afterEach(() => {
    server.requests.length = 0;
    server.faults.length = 0;
  });
  afterAll(() => server.close());

  const bytesOf = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const failureOf = async (work: Promise<unknown>): Promise<RemoteFileError> => {
    const error: unknown = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error instanceof RemoteFileError) return error;
    throw new Error(`Expected a RemoteFileError, got ${String(error)}.`);
  };

  it.each([
    ['png', 'image/png'],
    ['mp4', 'video/mp4'],
    ['mp3', 'audio/mpeg'],
    ['svg', 'image/svg+xml'],
  ] as const)(
    'given a file %s that its server calls a text, when it is fetched, then it is what its bytes say',
    async (name, mimeType) => {
      const file = await files.fetch(`${server.url}/${name}`);
      expect(file.mimeType).toBe(mimeType);
      expect((await bytesOf(file.content)).equals(media[name])).toBe(true);
      expect(await files.typeOf(`${server.url}/${name}`)).toBe(mimeType);
      expect(server.requests[1]?.headers).toMatchObject({ range: 'bytes=0-4095' });
    },
  );

  it.each([
    ['is a page', '/html', 'It is no picture, film or sound.', false],
    ['is not there', '/none', 'Its server answers with HTTP 404.', false],
  ])('given a file that %s, when it is fetched, then it never will be', async (_what, path, message, isPassing) => {
    for (const work of [files.fetch(server.url + path), files.typeOf(server.url + path)]) {
      expect(await failureOf(work)).toMatchObject({ message, isPassing });
    }
  });

  it.each([
    ['a server in trouble', { status: 503, body: '' }, 'Its server answers with HTTP 503.'],
    ['a cut connection', 'cut', 'It cannot be reached.'],
  ] as const)('given %s, when a file is fetched, then it may be there later', async (_what, instead, message) => {
    server.faults.push({ path: /./, instead });
    expect(await failureOf(files.fetch(`${server.url}/png`))).toMatchObject({ message, isPassing: true });
  });

  it('given a file that breaks off, when it is read, then that is no file', async () => {
    const headers = { 'content-length': '100000' };
    server.faults.push({ path: /./, instead: { status: 200, headers, body: media.png } });
    const reading = files.fetch(`${server.url}/png`).then(({ content }) => bytesOf(content));
    setTimeout(() => void server.close(), 100);
    expect(await failureOf(reading)).toMatchObject({ isPassing: true });
    server = await startLocalServer(() => ({ status: 200, body: media.png }));
    files = createRemoteFiles([server.url]);
  });

  it('given a file that says it is too large, when it is fetched, then it is not', async () => {
    const headers = { 'content-length': String(256 * 1_024 * 1_024 + 1) };
    server.faults.push({ path: /./, instead: { status: 200, headers, body: media.png } });
    expect(await failureOf(files.fetch(`${server.url}/png`))).toMatchObject({
      message: 'It has more than 256 MiB.',
      isPassing: false,
    });
  });

  it('given a redirect, when it leads to a file, then that is fetched; three times and no more', async () => {
    const to = (location: string): void => {
      server.faults.push({ path: /./, instead: { status: 302, headers: { location }, body: '' } });
    };
    for (let count = 0; count < 3; count += 1) to('/png');
    expect((await files.fetch(`${server.url}/png`)).mimeType).toBe('image/png');
    for (let count = 0; count < 4; count += 1) to('/png');
    expect(await failureOf(files.fetch(`${server.url}/png`))).toMatchObject({ isPassing: false });
  });

  it.each([
    ['http', 'http://files.example/a.png', 'Its address must begin with https.'],
    ['another scheme', 'file:///etc/passwd', 'Its address must begin with https.'],
    ['no address', 'a.png', 'It has no address that makes sense.'],
    ['loopback', 'https://127.0.0.1/a.png', 'It is not on the public internet.'],
    ['loopback in other digits', 'https://2130706433/a.png', 'It is not on the public internet.'],
    ['loopback of IPv6', 'https://[::1]/a.png', 'It is not on the public internet.'],
    ['IPv4 within IPv6', 'https://[::ffff:10.0.0.1]/a.png', 'It is not on the public internet.'],
    ['a cloud and its secrets', 'https://169.254.169.254/latest', 'It is not on the public internet.'],
    ['a name of loopback', 'https://localhost/a.png', 'It is not on the public internet.'],
  ])(
    'G36 given %s, when a file is wanted from there, then nobody is asked, also behind a redirect',
    async (_what, url, message) => {
      const strict = createRemoteFiles([server.url]);
      expect(await failureOf(strict.fetch(url))).toMatchObject({ message, isPassing: false });
      if (!URL.canParse(url)) return;
      server.faults.push({ path: /./, instead: { status: 302, headers: { location: url }, body: '' } });
      expect(await failureOf(strict.typeOf(`${server.url}/png`))).toMatchObject({ message, isPassing: false });
    },
  );

  it('G36 given a server of this machine that nobody allowed, when a file is wanted from there, then it is not asked', async () => {
    const { port } = new URL(server.url);
    expect(await failureOf(createRemoteFiles([]).fetch(`https://localhost:${port}/png`))).toMatchObject({
      message: 'It is not on the public internet.',
    });
    expect(server.requests).toEqual([]);
  });
});

describe('addresses of the public internet', () => {
  it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '192.167.1.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'given %s, when it is looked at, then it is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.53', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...['192.168.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:8.8.8.8', 'fe80::1'],
    ...['fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2002:a00:1::', '64:ff9b::a00:1', '2001::1'],
  ])('G36 given %s, when it is looked at, then it is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the type of a file', () => {
  it.each([
    ['ffd8ffe000104a464946', 'image/jpeg', 'IMAGE'],
    ['474946383961', 'image/gif', 'IMAGE'],
    ['52494646000000005745425056503820', 'image/webp', 'IMAGE'],
    ['524946460000000057415645666d7420', 'audio/wav', 'AUDIO'],
    ['0000001c6674797061766966', 'image/avif', 'IMAGE'],
    ['000000206674797069736f6d', 'video/mp4', 'VIDEO'],
    ['00000020667479704d344120', 'audio/mp4', 'AUDIO'],
    ['0000001466747970717420', 'video/quicktime', 'VIDEO'],
    ['1a45dfa39f4286810142f7810142f2810442f381084282847765626d', 'video/webm', 'VIDEO'],
    ['1a45dfa3a34286810142f7810142f2810442f38108428288', 'video/x-matroska', 'VIDEO'],
    ['fffb9064', 'audio/mpeg', 'AUDIO'],
    ['fff15080', 'audio/aac', 'AUDIO'],
    ['664c614300', 'audio/flac', 'AUDIO'],
    ['4f67675300', 'audio/ogg', 'AUDIO'],
  ])('given the bytes %s, when they are looked at, then they are %s', (hex, mimeType, kind) => {
    expect(sniffMedia(Buffer.from(hex, 'hex'))).toBe(mimeType);
    expect(kindOfMedia(mimeType)).toBe(kind);
  });

  it.each(['', '<html><svg>', '%PDF-1.7', '{"a":1}', 'MZ\x90', '<svgx>', '#!/bin/sh'])(
    'given %j, when it is looked at, then it is none of them',
    (text) => {
      expect(sniffMedia(Buffer.from(text))).toBeNull();
    },
  );
});
