// One require() that serves programs written for 9.x (the singleton itself) and for 10.x (.default
// and .IPCModule), and the ES module beside it.
'use strict';

const assert = require('node:assert');

const SHAPES = {
  9: [
    'whole true',
    'default undefined',
    'IPCModule "undefined"',
    'esModule undefined',
    'names ["default"]',
  ],
  10: [
    'whole false',
    'default true',
    'IPCModule "function"',
    'esModule true',
    'names ["IPCModule", "default"]',
  ],
  new: [
    'whole true',
    'default true',
    'IPCModule "function"',
    'esModule undefined',
    `names ${JSON.stringify([
      ...['AssuredParser', 'FastParser', 'GuardedParser', 'IPC', 'IPCModule', 'IPCProtocolError'],
      ...['Parser', 'RawParser', 'RemoteError', 'default'],
    ]).replaceAll(',', ', ')}`,
  ],
};

module.exports = {
  name: 'export shapes of 9.x and 10.x in one',
  rules: ['K19', 'K21', 'F19'],
  transports: ['unix'],
  compare: false,
  roles: {
    async server(t) {
      const ipc = t.implementation.singleton();
      const whole = t.implementation.module();
      t.log('whole', whole === ipc);
      t.log('default', whole.default && whole.default === ipc);
      t.log('IPCModule', typeof whole.IPCModule);
      t.log('esModule', whole.__esModule);
      const namespace = await import(t.implementation.esm);
      t.log(
        'names',
        Object.keys(namespace)
          .filter((name) => name !== 'module.exports')
          .sort(),
      );
      if (!t.isNew) return;
      t.log(
        'enumerable',
        Object.keys(whole).includes('default'),
        Object.keys(whole).includes('IPCModule'),
      );
      t.log('same', namespace.default === ipc, namespace.IPCModule === whole.IPCModule);
      const own = ['connectTo', 'connectToNet', 'disconnect', 'serve', 'serveNet', 'log'].every(
        (name) => {
          const descriptor = Object.getOwnPropertyDescriptor(ipc, name);
          return descriptor.enumerable && typeof descriptor.value === 'function';
        },
      );
      t.log('own methods', own);
      // destructured methods keep their ipc
      ipc.config.silent = true;
      const { serve, log } = ipc;
      serve(`${t.dir}/x`, () => {});
      log('silent');
      t.log('bound', ipc.server.path, new whole.IPCModule() instanceof ipc.IPC);
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(lines.server.slice(0, 5), SHAPES[impls.server]);
    if (impls.server !== 'new') return;
    assert.deepStrictEqual(lines.server.slice(5), [
      'enumerable false true',
      'same true true',
      'own methods true',
      'bound "<dir>/x" true',
    ]);
  },
};
