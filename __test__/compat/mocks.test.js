// How test suites of others treat an ipc singleton: jest.spyOn on its methods, jest's automock of the whole module, and
// all that walks it (K19). Run by jest; a real jest and the real modules, so no scenario.
'use strict';

/** What the singleton has and node-ipc 9's has not. Compilers copy it for `import ipc, { IPCModule, … }`. */
const OWN = [
  'IPCModule',
  'RemoteError',
  'AssuredParser',
  'FastParser',
  'GuardedParser',
  'IPCProtocolError',
  'Parser',
  'RawParser',
];

const METHODS = ['connectTo', 'connectToNet', 'disconnect', 'log', 'serve', 'serveNet'];

test('automock replaces every method and keeps the data (K19, K21)', () => {
  const old = jest.createMockFromModule('node-ipc-9');
  const mocked = jest.createMockFromModule('../../index.js');
  for (const method of METHODS) {
    expect(jest.isMockFunction(old[method])).toBe(true);
    expect(jest.isMockFunction(mocked[method])).toBe(true);
    expect(mocked[method]()).toBeUndefined();
  }
  expect(mocked.config.appspace).toBe(old.config.appspace);
  expect(mocked.server).toBe(old.server);
  expect(mocked.of).toEqual(old.of);
});

test('an automock is what every import of the module gives (K21)', () => {
  const mocked = jest.createMockFromModule('../../index.js');
  expect(mocked.default).toBe(mocked);
  for (const name of ['IPC', 'IPCModule']) {
    expect(jest.isMockFunction(mocked[name])).toBe(true);
    expect(jest.isMockFunction(new mocked[name]().serve)).toBe(true);
  }
});

test('the singleton has what that of node-ipc has, and its classes, when it is walked (K19, K21)', () => {
  const util = require('node:util');
  const old = require('node-ipc-9');
  const ipc = require('../../index.js');
  const keys = [...Object.keys(old), ...OWN].sort();
  expect(Object.keys(ipc).sort()).toEqual(keys);
  const walked = [];
  for (const key in ipc) walked.push(key);
  expect(walked.sort()).toEqual(keys);
  expect(Object.keys({ ...ipc }).sort()).toEqual(keys);
  expect(Object.keys(Object.assign({}, ipc)).sort()).toEqual(keys);
  const plain = (one) => {
    const { config, ...rest } = JSON.parse(JSON.stringify(one)); // which ends: nothing leads back to it
    return { rest, config: Object.keys(config).filter((key) => key in old.config) };
  };
  expect(plain(ipc).rest).toEqual(plain(old).rest);
  expect(plain(ipc).config.sort()).toEqual(plain(old).config.sort());
  const shown = util.inspect(ipc, { depth: Infinity });
  expect(shown).toMatch(/^IPCModule \{/);
  expect(shown).not.toContain('Circular');
  expect(ipc).toEqual({ ...ipc }); // jest's own walk, and what it prints of a difference
  expect(() => expect(ipc).toEqual({})).toThrow(/IPCModule/);
});

test('a mock by a factory: a copy with a method replaced (K21)', () => {
  jest.isolateModules(() => {
    jest.doMock('../../index.js', () => {
      return { ...jest.requireActual('../../index.js'), serve: jest.fn() };
    });
    const mocked = require('../../index.js');
    mocked.serve('/path');
    expect(mocked.serve).toHaveBeenCalledWith('/path');
    expect(new mocked.IPCModule()).toBeInstanceOf(mocked.IPC);
    jest.dontMock('../../index.js');
  });
});

test('spyOn works on the singleton and on instances (K19)', () => {
  const ipc = require('../../index.js');
  for (const one of [ipc, new ipc.IPC()]) {
    for (const method of METHODS) {
      const original = one[method];
      const spy = jest.spyOn(one, method).mockImplementation(() => 'mine');
      expect(one[method]('any')).toBe('mine');
      expect(spy).toHaveBeenCalledWith('any');
      spy.mockRestore();
      expect(one[method]).toBe(original);
    }
  }
});

test('errors are made in the realm of the caller (K8)', async () => {
  const { IPCModule } = require('../../index.js');
  const ipc = new IPCModule();
  Object.assign(ipc.config, { silent: true, maxRetries: 0 });
  ipc.connectTo('nobody', '/nonexistent/path');
  const error = await new Promise((resolve) => ipc.of.nobody.on('error', resolve));
  expect(error).toBeInstanceOf(Error);
  expect(error.code).toBe('ENOENT');
});
