// Every way to call connectTo and connectToNet: where the client goes, and which callback runs.
'use strict';

const assert = require('node:assert');

const UNIX = [
  [],
  ['', '/nowhere', 'CB'],
  ['world'],
  ['world', 'CB'],
  ['world', 'PATH'],
  ['world', 'PATH', 'CB'],
  ['world', '', 'CB'],
  ['world', null, 'CB'],
  ['world', undefined, 'CB'],
];
const NET = [
  [],
  ['world'],
  ['world', 'CB'],
  ['world', 'HOST'],
  ['world', 'HOST', 'CB'],
  ['world', 'PORT'],
  ['world', 'PORT', 'CB'],
  ['world', 'HOST', 'PORT'],
  ['world', 'HOST', 'PORT', 'CB'],
  ['world', false, 'PORT', 'CB'],
  ['world', null, null, 'CB'],
  ['world', '', 0, 'CB'],
];

module.exports = {
  name: 'every way to call connectTo and connectToNet',
  rules: ['K13', 'K3'],
  transports: ['tcp'],
  roles: {
    async client(t) {
      const { host, port } = t.endpoint();
      const settings = { socketRoot: `${t.dir}/`, networkPort: port, maxRetries: 0 };
      const attempt = async (method, call) => {
        const ipc = t.create(settings);
        let args = null;
        const values = { CB: (...given) => (args = given), PATH: `${t.dir}/own` };
        Object.assign(values, { HOST: host, PORT: port });
        const returned = ipc[method](...call.map((one) => (one in values ? values[one] : one)));
        // ferripc's promise, which may be ignored.
        const result = returned instanceof Promise ? undefined : returned;
        const client = ipc.of.world;
        const given = args && args.map((one) => one === ipc);
        if (!client) return t.log(`${method} ${t.describe(call)}`, client, given, result);
        const error = await t.next(client, 'error');
        t.log(`${method} ${t.describe(call)}`, client.id, client.path, client.port, given, result);
        t.log('error', error[0].code, error[0].address, error[0].port);
        return undefined;
      };
      for (const call of UNIX) await attempt('connectTo', call);
      for (const call of NET) await attempt('connectToNet', call);
    },
  },
  check({ lines }) {
    const failed = lines.client.filter((line) => line.startsWith('error'));
    assert.strictEqual(failed.length, 18);
    assert.ok(
      lines.client.includes(
        'connectTo ["world"] "world" "<dir>/app.world" undefined null undefined',
      ),
    );
    assert.ok(
      lines.client.includes(
        'connectToNet ["world", "PORT", "CB"] "world" "127.0.0.1" <port0> [true] undefined',
      ),
    );
  },
};
