// Every default of the configuration.
'use strict';

const assert = require('node:assert');
const os = require('node:os');

const KEYS = [
  'IPType',
  'appspace',
  'delimiter',
  'encoding',
  'id',
  'interface',
  'logDepth',
  'logInColor',
];
KEYS.push('logger', 'maxConnections', 'maxRetries', 'networkHost', 'networkPort', 'rawBuffer');
KEYS.push('readableAll', 'retry', 'silent', 'socketRoot', 'stopRetrying', 'sync', 'tls', 'unlink');
KEYS.push('writableAll');

module.exports = {
  name: 'defaults of ipc.config',
  rules: ['K2', 'K6', 'F18'],
  transports: ['unix'],
  roles: {
    async server(t) {
      const { config } = new (t.implementation.IPC())();
      // ferripc may have more of them, but the old ones are all there to be walked over
      t.log(
        'missing',
        KEYS.filter((key) => !Object.keys(config).includes(key)),
      );
      for (const key of KEYS) {
        t.log(key, key === 'id' ? config.id === os.hostname() : config[key]);
      }
      config.unknown = 'key';
      t.log('unknown', config.unknown);
    },
  },
  check({ lines }) {
    for (const line of [
      'appspace "app."',
      'delimiter "\\f"',
      'id true',
      'maxRetries Infinity',
      'networkHost "127.0.0.1"',
      'networkPort 8000',
      'retry 500',
      'silent false',
      'socketRoot "/tmp/"',
      'unlink true',
    ]) {
      assert.ok(lines.server.includes(line), line);
    }
  },
};
