import { InvalidInputError } from '../errors.ts';
import type { Upload as UploadAddress } from '../generation/index.ts';
import * as resolve from '../resolvers/generation.ts';
import { builder } from './builder.ts';
import { MediaKind } from './catalog.ts';

const Upload = builder.objectRef<UploadAddress>('Upload').implement({
  description: 'An address to which one file can be put, and the address under which calls name it then.',
  fields: (t) => ({
    kind: t.expose('kind', { type: MediaKind, description: 'What the file has to be, by its bytes.' }),
    putUrl: t.expose('putUrl', {
      type: 'URL',
      description:
        'Takes the bytes of the file as the body of one PUT, without a key. Whoever has the address may put it.',
    }),
    url: t.expose('url', {
      type: 'URL',
      description: 'Give it as `image_url` and the like in `params`, or as a shot, once the file has been put.',
    }),
    maxBytes: t.exposeInt('maxBytes', { description: 'How large the file may be, in bytes.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'From this instant on no file is taken, and no call may name it.',
    }),
  }),
});

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'A file to bring along.',
  fields: (t) => ({
    kind: t.field({ type: MediaKind, required: true, description: 'IMAGE, VIDEO or AUDIO.' }),
  }),
});

builder.mutationField('createUpload', (t) =>
  t.field({
    type: Upload,
    description:
      'An address to which one file can be put within a day: an image of at most 32 MiB, audio of 64 MiB or a video of 256 MiB. An account keeps at most 2 GiB.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'What is to be put there.' }) },
    errors: {
      types: [InvalidInputError],
      union: { name: 'CreateUploadResult', description: 'The address, or why there is none.' },
    },
    resolve: (_root, { input }, context) => resolve.createUpload(context, input.kind),
  }),
);
