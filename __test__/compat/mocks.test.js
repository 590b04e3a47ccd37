// How test suites of others treat an ipc singleton: jest.spyOn on its methods, and jest's automock of
// the whole module (K19). Run by jest; a real jest and the real modules, so no scenario.
'use strict';

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
