'use strict';
// One question and its answer over a socket, by whatever the caller got as node-ipc. Used by the other
// programs and inside of the packages that install.test.js makes.

/** Resolves with the answer, after both ends are closed. */
module.exports = async (ipc, place) => {
  Object.assign(ipc.config, { id: 'world', silent: true });
  const answer = await new Promise((resolve) => {
    ipc.serve(place, () => {
      ipc.server.on('hello', (name, socket) => ipc.server.emit(socket, 'answer', `hello ${name}`));
      ipc.connectTo('world', place, () => {
        ipc.of.world.on('answer', resolve);
        ipc.of.world.emit('hello', 'world');
      });
    });
    ipc.server.start();
  });
  ipc.disconnect('world');
  await ipc.server.stop({ disconnect: true });
  return answer;
};
