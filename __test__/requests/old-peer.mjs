// A program on one of the old packages that takes part in requests by hand, for interop.test.js. It prints what it
// hears as JSON lines. The functions are what docs/requests.md shows.

const { at, version, role } = JSON.parse(process.argv[2]);
const { default: ipc } = await import(`node-ipc-${version}`);

const report = (value) => console.log(JSON.stringify(value));
ipc.config.silent = true;
ipc.config.retry = 50;

const answer = ({ id, type, data }) =>
  type === 'double' ? { id, data: data * 2 } : { id, error: { message: `no ${type}` } };

if (role === 'server') {
  ipc.serve(at, () => report('listening'));
  ipc.server.on('ferripc:request', (request, socket) => {
    ipc.server.emit(socket, 'ferripc:reply', answer(request));
  });
  ipc.server.on('ask', (data, socket) => {
    ipc.server.emit(socket, 'ferripc:request', { id: 'q1', type: 'triple', data: 5 });
  });
  ipc.server.on('ferripc:reply', report);
  ipc.server.on('ferripc:cancel', (data) => report({ cancel: data }));
  ipc.server.start();
} else {
  ipc.connectTo('world', at);
  const { world } = ipc.of;
  world.on('ferripc:request', (request) => world.emit('ferripc:reply', answer(request)));
  world.on('ferripc:reply', report);
  world.on('ask', () => world.emit('ferripc:request', { id: 'q1', type: 'triple', data: 5 }));
  world.on('connect', () => report('connected'));
}
