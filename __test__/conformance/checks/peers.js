'use strict';
// Both sides of a connection on different runtimes, and on different packages. FERRIPC_CONFORMANCE_PEER, the
// path of a Node, is the other runtime; by default this one.

const assert = require('node:assert/strict');
const { check, Unsupported } = require('../harness');
const { KINDS, unixPlace } = require('../../helpers/world');
const questions = require('../questions');

const OLD = 'node-ipc-10';
const OTHER = process.env.FERRIPC_CONFORMANCE_PEER ?? process.execPath;
const script = '../conformance/fixtures/peer.js';

/** On Windows, too, a path that is not the name of a pipe yet: a server of node-ipc takes no such name. */
async function placeOf(world, kind) {
  return kind === 'unix' ? unixPlace(world.file()) : world.place(kind);
}

/** Starts the other side; `runtime`: see Child. */
function other(world, role, name, place, runtime) {
  return world.child(script, [role, name, place.kind, place.options], { runtime });
}

/** The old package has to understand itself on this runtime before it can be asked to understand us. */
async function needOld(world, kind) {
  const place = await placeOf(world, kind);
  const server = other(world, 'server', OLD, place);
  let result;
  try {
    await server.next();
    const client = other(world, 'client', OLD, place);
    result = await Promise.race([client.next(), server.exited]);
  } catch (error) {
    result = error.message;
  }
  if (result !== 'agreed') throw new Unsupported(`${OLD} does not run here: ${result}`);
}

for (const kind of KINDS) {
  const weServe = async (world, name, runtime) => {
    const place = await placeOf(world, kind);
    const server = await world.serve(place);
    server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
    const client = other(world, 'client', name, place, runtime);
    assert.equal(await client.next(), 'agreed');
    assert.equal((await client.exited).code, 0);
  };
  const weAsk = async (world, name, runtime) => {
    const place = await placeOf(world, kind);
    await other(world, 'server', name, place, runtime).next();
    await questions.ask(await world.connect(place));
  };

  check(`${kind}: server here, client on the other runtime`, (world) =>
    weServe(world, 'ferripc', [OTHER]),
  );
  check(`${kind}: client here, server on the other runtime`, (world) =>
    weAsk(world, 'ferripc', [OTHER]),
  );

  check(`${kind}: server here, client of node-ipc 10 on this runtime`, async (world) => {
    await needOld(world, kind);
    await weServe(world, OLD);
  });
  check(`${kind}: client here, server of node-ipc 10 on this runtime`, async (world) => {
    await needOld(world, kind);
    await weAsk(world, OLD);
  });
}
