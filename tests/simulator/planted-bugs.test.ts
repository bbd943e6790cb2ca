import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';

it.each(plantedBugs.map(({ name, replacements }) => [name, replacements] as const))(
  'given the planted bug "%s", when the sources are read, then each text that it replaces is there once',
  async (_name, replacements) => {
    for (const { file, text } of replacements) {
      expect([text, (await readFile(file, 'utf8')).split(text).length - 1]).toEqual([text, 1]);
    }
  },
);
