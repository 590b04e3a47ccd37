// A server of one of the old packages, for wire.test.js: prints each event as a JSON line, and emits the
// messages that it is asked for by their index.

const { at, version, types, messages } = JSON.parse(process.argv[2]);
const { default: ipc } = await import(`node-ipc-${version}`);

const report = (value) => console.log(JSON.stringify(value));

ipc.config.silent = true;
ipc.serve(at, () => report('listening'));
for (const type of types) {
  ipc.server.on(type, (data) => {
    if (type !== 'error') report({ type, data });
    else report({ error: data.message, text: data.response });
  });
}
ipc.server.on('write', ({ index }, socket) => {
  const message = messages[index];
  if ('data' in message) ipc.server.emit(socket, message.type, message.data);
  else ipc.server.emit(socket, message.type);
});
ipc.server.start();
