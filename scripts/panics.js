'use strict';
// `npm run test:panics`: makes each place of the native side panic that can be made to (src/engine/panics.rs), on
// every transport and both drivers, in an addon that is built for this alone. Each panic has to become an error that
// JavaScript hears of, and the process has to go on as before. Not a part of `npm test`; two minutes.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const fixture = path.join(root, '__test__', 'fixtures', 'panics.js');
const target = path.join(root, 'target', 'panics');

/** Place -> where it is passed: `[transports, drivers]`. */
const STREAMS = ['unix', 'tcp', 'tls'];
const DRIVERS = ['', 'tokio'];
const PLACES = {
  call: [STREAMS, DRIVERS],
  connect: [STREAMS, DRIVERS],
  accept: [STREAMS, DRIVERS],
  handshake: [['tls'], DRIVERS],
  read: [STREAMS, DRIVERS],
  flush: [['unix', 'tls'], DRIVERS], // TCP's buffers may take all at once
  write: [STREAMS, DRIVERS],
  // With TLS the event that is lost is that of the connection, of which nobody then knows.
  turn: [['unix', 'tcp', 'udp'], DRIVERS],
  receive: [['udp'], DRIVERS],
};

function build() {
  const library =
    { win32: 'ferripc.dll', darwin: 'libferripc.dylib' }[process.platform] ?? 'libferripc.so';
  const args = [
    'build',
    '--locked',
    '--release',
    '--features',
    'fault-injection',
    '--target-dir',
    target,
  ];
  execFileSync('cargo', args, { cwd: root, stdio: 'inherit' });
  const addon = path.join(target, 'ferripc-panics.node');
  fs.copyFileSync(path.join(target, 'release', library), addon);
  return addon;
}

/** What is wrong with one run, or null. */
function play(addon, place, transport, driver, folder) {
  const args = [
    fixture,
    JSON.stringify({ transport, path: path.join(folder, `${place}${driver}`) }),
  ];
  const env = {
    ...process.env,
    NAPI_RS_NATIVE_LIBRARY_PATH: addon,
    FERRIPC_DRIVER: driver,
    FERRIPC_PANIC: place,
  };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) return `ended with ${status ?? signal}\n${stderr}`;
  if (!stderr.includes(`injected: ${place}`)) return 'did not panic';
  const { heard, again } = JSON.parse(stdout);
  if (heard.length === 0) return 'nobody has heard of it';
  return again ? null : 'does not go on afterwards';
}

const addon = build();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-panics-'));
let [good, bad] = [0, 0];
for (const [place, [transports, drivers]] of Object.entries(PLACES)) {
  for (const transport of transports) {
    for (const driver of drivers) {
      const wrong = play(addon, place, transport, driver, folder);
      if (wrong === null) good++;
      else bad++;
      if (wrong !== null)
        console.error(`${place}, ${transport}, ${driver || 'loop'} driver: ${wrong}`);
    }
  }
}
fs.rmSync(folder, { recursive: true, force: true });
console.log(`panics: ${good} became errors, ${bad} did not`);
process.exitCode = bad === 0 ? 0 : 1;
