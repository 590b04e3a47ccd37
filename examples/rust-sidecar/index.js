'use strict';
// node examples/rust-sidecar
// An app in Node starts a helper in Rust, and they talk both ways: questions, answers, errors, messages. Needs `cargo`.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const ipc = require('ferripc');

const SOCKET_ROOT = process.env.EXAMPLE_SOCKET_ROOT ?? '/tmp/';

/** Builds the helper, and returns its path. */
function build() {
  const args = ['build', '--package', 'rust_sidecar', '--message-format=json'];
  const options = { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const { status, stdout } = spawnSync('cargo', args, { ...options, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error('This example needs Rust: cargo could not build its helper');
  const artifacts = stdout.split('\n').filter(Boolean);
  return artifacts.map((line) => JSON.parse(line)).find((it) => it.executable).executable;
}

async function main() {
  const helper = process.env.EXAMPLE_PROGRAM ?? build();
  Object.assign(ipc.config, { id: `sidecar-${process.pid}`, silent: true });
  ipc.config.socketRoot = SOCKET_ROOT;
  ipc.serve();
  const { server } = ipc;
  server.handle('name', () => 'the app');
  server.on('progress', ({ done }) => console.log(`${done} % done`));
  await server.start();

  const child = spawn(helper, [server.path], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  const [text, socket] = await once(server, 'ready');
  console.log(text);

  console.log('primes:', await server.request(socket, 'primes', { from: 0, to: 100_000 }));
  const error = await server.request(socket, 'primes', { from: 2, to: 1 }).catch((it) => it);
  console.log(`${error.name} ${error.code}: ${error.message}`);

  server.emit(socket, 'end');
  const [code] = await ended;
  console.log('the helper has ended with', code);
  await server.stop({ disconnect: true });
}

main();
