'use strict';
// The program. In Electron, `open` would show a window, and `app.requestSingleInstanceLock()` is not needed.

const ipc = require('ferripc');

ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

const files = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const isStandby = process.argv.includes('--standby');

function open(names) {
  for (const name of names) console.log(`opens ${name}`);
}

async function main() {
  const instance = await ipc.serveOrConnect('single-instance', {
    // This process is the instance: from the start, or because the one before it has ended.
    onServer(server) {
      if (isStandby) console.log('takes over');
      server.handle('open', (argv, { socket }) => {
        open(argv);
        return `opened by ${process.pid}, for ${socket.peerCredentials?.pid ?? 'somebody'}`;
      });
    },
  });
  if (instance.role === 'server') {
    open(files);
  } else if (isStandby) {
    console.log('waits');
  } else {
    await instance.client.request('open', files, { timeout: 5000 });
    console.log(`handed over ${files.length}`);
    await instance.close();
    process.disconnect?.();
    return;
  }
  process.once('message', async () => {
    await instance.close();
    process.disconnect();
  });
}

main();
