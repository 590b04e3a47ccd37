// Who may use the socket file: its owner by default, everybody with readableAll and writableAll, and its owner still. Node
// takes from the owner what is not asked for since its libuv 1.51: then the old ones are for themselves.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

const SETTINGS = [
  {},
  { readableAll: true },
  { writableAll: true },
  { readableAll: true, writableAll: true },
];

const [major, minor] = process.versions.uv.split('.').map(Number);
const replaces = major > 1 || minor >= 51;

const ADDED = ['"700"', '"744"', '"722"', '"766"'];
const REPLACED = ['"700"', '"444"', '"222"', '"666"'];

module.exports = {
  name: 'readableAll and writableAll',
  rules: ['K23'],
  transports: ['unix'],
  endpoints: SETTINGS.length,
  roles: {
    async server(t) {
      process.umask(0o077);
      for (const [at, settings] of SETTINGS.entries()) {
        const ipc = t.create(settings);
        await new Promise((resolve) => t.serve(resolve, { ipc, at }).start());
        const stat = fs.statSync(t.endpoint(at).path);
        t.log('mode', stat.isSocket(), (stat.mode & 0o777).toString(8));
      }
    },
  },
  compare: !replaces,
  check({ lines, impls }) {
    const modes = lines.server.map((line) => line.split(' ')[2]);
    assert.deepStrictEqual(modes, replaces && impls.server !== 'new' ? REPLACED : ADDED);
  },
};
