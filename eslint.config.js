'use strict';
// Run by `npm test`. The recommended rules, with the exceptions explained.

const js = require('@eslint/js');
const globals = require('globals');

module.exports = [
  {
    ignores: [
      'target/',
      'node_modules/',
      '**/node_modules/',
      'bench/results/',
      '__test__/interop/compiled/',
      'site/cache/',
      'site/dist/',
      'site/pages/',
    ],
  },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global'],
    },
  },
  {
    // A test of somebody's program may replace these: see src/js/core.js. What waits for the program's own time, as the
    // old packages did (retries, time limits that one sets), uses the global setTimeout.
    files: ['src/js/**'],
    ignores: ['src/js/cli/**', 'src/js/diagnostics/doctor*', 'src/js/core.js'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['clearImmediate', 'performance', 'process', 'queueMicrotask', 'setImmediate'].map(
          (name) => ({
            name,
            message: 'Take it from src/js/core.js.',
          }),
        ),
      ],
      // A program may live in a realm of its own, as in jest's environment of jsdom.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'BinaryExpression[operator="instanceof"][right.name=/^(ArrayBuffer|Buffer|Date|Error|Map|Object|Promise|RegExp|Set|Uint8Array|URL)$/]',
          message: 'Ask for what it is with node:util.types, or isBytes of src/js/arguments.js.',
        },
        {
          selector:
            'CallExpression[callee.name="require"][arguments.0.value=/^node:(?!(net|tls|dgram|os|child_process|fs|module)$)/]',
          message: 'Take it from src/js/core.js.',
        },
        {
          selector:
            ':function CallExpression[callee.name="require"][arguments.0.value=/^[.]/]:not(CallExpression[callee.name=/^(lazily|onDemand)$/] > ArrowFunctionExpression CallExpression)',
          message: 'Load it with `lazily` or `onDemand` of src/js/core.js.',
        },
      ],
      'no-restricted-properties': [
        'error',
        ...['arch', 'hrtime', 'nextTick', 'platform'].map((property) => ({
          object: 'process',
          property,
          message: 'Take it from src/js/core.js.',
        })),
      ],
    },
  },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' }, rules: { strict: 'off' } },
  { files: ['site/test/**'], languageOptions: { globals: globals.browser } },
  { files: ['__test__/**', 'examples/**/*.test.js'], languageOptions: { globals: globals.jest } },
];
