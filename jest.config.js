'use strict';
// Jest by way of `npm test`.

const os = require('node:os');
const { keepCertificatesApart } = require('./__test__/helpers/registry');

keepCertificatesApart();

module.exports = {
  testEnvironment: 'node',
  // Suites wait for processes of theirs, and for time to pass: on two cores three are faster than two.
  maxWorkers: Math.max(3, os.cpus().length - 1),
  testMatch: ['<rootDir>/__test__/**/*.test.js', '<rootDir>/examples/**/*.test.js'],
  modulePathIgnorePatterns: [
    '<rootDir>/target',
    '<rootDir>/__test__/compat/vue/node_modules',
    '<rootDir>/__test__/bundlers/node_modules',
  ],
  // Everything here is what Node runs as it is.
  transform: {},
  testSequencer: '<rootDir>/__test__/helpers/sequencer.js',
  // Against a hang only: on a busy machine a test may have to wait long for its turn.
  testTimeout: 120_000,
};
