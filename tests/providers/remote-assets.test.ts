import { describe, expect, it } from 'vitest';
import { isEmptyFor, sortResult } from '../../src/providers/remote-assets.ts';

const urlsOf = (given: Record<string, unknown>): string[] =>
  sortResult(given).assets.map((asset) => ('url' in asset ? asset.url : ''));

describe('what a provider gave', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'a list of files',
      { images: [{ url: 'https://f/1.png' }, { url: 'https://f/2.png' }] },
      ['https://f/1.png', 'https://f/2.png'],
    ],
    ['one file', { video: { url: 'https://f/v.mp4', content_type: 'video/mp4' } }, ['https://f/v.mp4']],
    ['files under any name', { audio_file: { url: 'https://f/a.wav' } }, ['https://f/a.wav']],
    ['an address', { video_url: 'https://f/v.mp4', thumbnail_url: 'https://f/t.jpg' }, ['https://f/v.mp4']],
    ['a list of addresses', { media_urls: ['https://f/1', 'https://f/2'] }, ['https://f/1', 'https://f/2']],
    [
      'the same file twice',
      { media_urls: [{ id: '0', url: 'https://f/1' }], image_url: 'https://f/1' },
      ['https://f/1'],
    ],
    ['an address that is no file', { website: 'https://f/' }, []],
    ['data in place of an address', { image: { url: 'data:image/png;base64,AA==' } }, []],
    ['an empty list', { images: [] }, []],
  ])('given %s, when it is sorted, then these are its files', (_what, given, urls) => {
    expect(urlsOf(given)).toEqual(urls);
  });

  it('given a transcript, when it is sorted, then its text is the text and the rest the output', () => {
    expect(sortResult({ text: 'Hello', chunks: [{ timestamp: [0, 1], text: 'Hello' }], language: null })).toEqual({
      assets: [],
      text: 'Hello',
      output: { chunks: [{ timestamp: [0, 1], text: 'Hello' }] },
    });
  });

  it('given texts that no database takes, when they are sorted, then they are made fit', () => {
    const given = { text: 'a\u0000b\ud800', notes: [{ ['k\u0000']: 'x\u0000' }] };
    expect(sortResult(given)).toMatchObject({ text: 'ab\ufffd', output: { notes: [{ k: 'x' }] } });
  });

  it.each([
    ['a picture without a file', 'IMAGE', 'text-to-image', { images: [], seed: 7 }, true],
    ['a picture', 'IMAGE', 'text-to-image', { image: { url: 'https://f/1.png' } }, false],
    ['a transcript', 'AUDIO', 'speech-to-text', { text: 'Hello' }, false],
    ['a film with words alone', 'VIDEO', 'text-to-video', { text: 'Hello' }, true],
    ['an element', 'VIDEO', 'element-creation', { element_id: '7' }, false],
    ['no element', 'VIDEO', 'element-creation', {}, true],
    ['no words', 'TEXT', 'text-to-text', { usage: 3 }, true],
  ] as const)(
    'given %s, when it is looked at, then it is known whether it is what was asked for',
    (_what, kind, workflow, given, isEmpty) => {
      expect(isEmptyFor({ id: 'm', name: 'M', kind, workflow }, sortResult(given))).toBe(isEmpty);
    },
  );
});
