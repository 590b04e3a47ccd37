// Who may use the socket file: its owner by default, everybody with readableAll and writableAll.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

const SETTINGS = [
  {},
  { readableAll: true },
  { writableAll: true },
  { readableAll: true, writableAll: true },
];

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
  check({ lines }) {
    const modes = lines.server.map((line) => line.split(' ')[2]);
    assert.deepStrictEqual(modes, ['"700"', '"744"', '"722"', '"766"']);
  },
};
