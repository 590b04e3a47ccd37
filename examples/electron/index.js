'use strict';
// node examples/electron, or with a window: npx electron examples/electron/index.js
// The main process of an application gives work to a helper process and shows how far it is. In
// Electron the helper is a utility process; without Electron, an ordinary child process.

const path = require('node:path');
const ipc = require('ferripc');

const FILES = ['one.jpg', 'two.jpg', 'three.jpg'];
const electron = process.versions.electron ? require('electron') : null;

// A path of its own for each instance of the application.
ipc.config.id = `ferripc-electron-${process.pid}`;
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

function startHelper() {
  const file = path.join(__dirname, 'helper.js');
  const args = [ipc.server.path];
  if (electron) return electron.utilityProcess.fork(file, args, { stdio: 'inherit' });
  return require('node:child_process').fork(file, args, { stdio: 'inherit' });
}

/** Shows progress wherever there is something to show it on. */
function show(done, window) {
  console.log(`main: ${done} of ${FILES.length}`);
  window?.setProgressBar(done / FILES.length);
}

async function main() {
  let window;
  if (electron) {
    electron.app.on('window-all-closed', () => electron.app.quit());
    await electron.app.whenReady();
    window = new electron.BrowserWindow({ width: 400, height: 200, title: 'ferripc' });
  }

  ipc.serve();
  ipc.server.on('ready', (data, socket) => ipc.server.emit(socket, 'work', FILES));
  ipc.server.on('progress', ({ done }) => show(done, window));
  await ipc.server.start();

  startHelper().once('exit', (code) => {
    console.log(`main: the helper has ended with ${code}`);
    ipc.server.stop({ disconnect: true });
  });
}

main();
