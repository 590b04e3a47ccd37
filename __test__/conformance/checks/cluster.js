'use strict';
// Two workers of node:cluster that serve the same place (K23).

const assert = require('node:assert/strict');
const { check, needUnix } = require('../harness');
const { KINDS } = require('../../helpers/world');

for (const kind of KINDS) {
  check(`cluster, ${kind}: two workers share one place (K23)`, async (world) => {
    needUnix('sockets that a primary can hand out');
    const place = await world.place(kind);
    const primary = world.child('../conformance/fixtures/cluster.js', [kind, place.options]);
    assert.deepEqual(await primary.next(), ['listening', 'listening']);
    const answered = new Set();
    for (let n = 0; n < 50 && answered.size < 2; n++) {
      const peer = await world.peer(place);
      answered.add((await peer.ask('who')).data);
      peer.socket.destroy();
    }
    assert.equal(answered.size, 2);
    primary.tell('stop');
    assert.equal((await primary.exited).code, 0);
  });
}
