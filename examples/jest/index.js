'use strict';
// node examples/jest, or in a checkout: npx jest examples/jest
// A server for each test, and a suite that ends by itself. Arguments go to jest.

const { spawnSync } = require('node:child_process');
const tool = require('../lib/tool');

const jest = tool('Jest', 'jest/bin/jest');
const args = [jest, '--config', JSON.stringify({ rootDir: __dirname }), ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
