import tseslint from 'typescript-eslint';

/** Where each folder of src stands: it may import from lower numbers, and of its own only what is named here. */
const layers = {
  http: 6,
  schema: 5,
  resolvers: 4,
  generation: 3,
  billing: 3,
  accounts: 3,
  catalog: 2,
  ledger: 1,
  providers: 1,
  jobs: 1,
  events: 1,
  'sandbox-clock': 1,
  db: 0,
};

const domainFolders = [
  'generation',
  'billing',
  'accounts',
  'catalog',
  'ledger',
  'providers',
  'jobs',
  'events',
  'sandbox-clock',
  'db',
];

/** The imports that a folder must not have, each with the way out. */
function forbiddenImports(folder) {
  const above = Object.keys(layers).filter((other) => other !== folder && layers[other] >= layers[folder]);
  return [
    {
      regex: `^(\\.\\./)+(${above.join('|')})/`,
      message: `${folder} stands below these or beside them: hand in what is needed from app.ts, or move it down.`,
    },
    {
      regex: `^(\\.\\./)+(${domainFolders.filter((other) => other !== folder).join('|')})/(?!index\\.ts$)`,
      message: "Import from the folder's index.ts: the rest is its own business.",
    },
    { regex: '^(\\.\\./)+(app|main)\\.ts$', message: 'Nothing imports the composition root.' },
    ...(folder === 'billing' ? [] : [{ regex: '^stripe$', message: "Stripe's SDK is used in src/billing alone." }]),
  ];
}

const prismaNames = {
  regex: '/db/(index|generated/.*)\\.ts$',
  importNames: ['Prisma', 'PrismaClient'],
  message: "Prisma's client is used in db/ and in files named *.store.ts.",
};

const clockAndIds = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'All time comes from the injected Clock.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'All time comes from the injected Clock.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Random bytes come from the injected IdSource.',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'The environment is read once, by main.ts through config.ts.',
  },
];

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'src/db/generated',
      'src/client/generated',
      '.data',
      'coverage',
      '.stryker',
      'src/http/playground/*.js',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A port may be asynchronous where one of its implementations is not.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/clock.ts', 'src/main.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...clockAndIds],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'node:crypto', importNames: ['randomUUID'], message: 'Ids come from the injected IdSource.' },
          ],
        },
      ],
    },
  },
  ...Object.keys(layers).flatMap((folder) => {
    const paths = [
      {
        name: 'node:crypto',
        importNames: ['randomUUID', 'randomBytes'],
        message: 'Ids and random bytes come from the injected IdSource.',
      },
    ];
    const patterns = forbiddenImports(folder);
    return [
      {
        files: [`src/${folder}/**`],
        rules: {
          'no-restricted-imports': [
            'error',
            { paths, patterns: folder === 'db' ? patterns : [...patterns, prismaNames] },
          ],
        },
      },
      {
        files: [`src/${folder}/**/*.store.ts`],
        rules: { 'no-restricted-imports': ['error', { paths, patterns }] },
      },
    ];
  }),
  {
    files: ['src/ledger/core/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\./)', message: 'The core is pure: it imports nothing but its own files.' }] },
      ],
    },
  },
  {
    files: ['src/client/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^\\.\\./', message: 'The client is shipped alone: it imports nothing of the server.' }],
        },
      ],
    },
  },
  {
    files: ['tests/**', 'bench/**', 'examples/**', 'scripts/**', '*.config.ts'],
    rules: {
      'no-restricted-syntax': 'off',
      // What a matcher such as expect.any() gives has no type of its own.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
