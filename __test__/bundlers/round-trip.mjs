// What both apps do: one greeting and its answer at the path given as argument. Prints the answer, or
// the code of the error.

export default async function roundTrip(ipc) {
  const path = process.argv[2];
  ipc.config.silent = true;
  try {
    ipc.serve(path);
    ipc.server.on('greeting', (text, socket) => ipc.server.emit(socket, 'reply', `${text} world`));
    await ipc.server.start();
    ipc.connectTo('server', path);
    ipc.of.server.emit('greeting', 'hello');
    ipc.of.server.on('reply', (text) => {
      console.log(text);
      ipc.disconnect('server');
      ipc.server.stop();
    });
  } catch (error) {
    console.log(error.code ?? error.stack);
  }
}
