'use strict';
// Jest by way of `npm test`.

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__test__/**/*.test.js', '<rootDir>/examples/**/*.test.js'],
  modulePathIgnorePatterns: [
    '<rootDir>/target',
    '<rootDir>/__test__/compat/vue/node_modules',
    '<rootDir>/__test__/bundlers/node_modules',
  ],
  testTimeout: 30_000,
};
