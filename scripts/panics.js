'use strict';
// `npm run test:panics`: makes each place of the native side panic that can be made to (src/engine/panics.rs), on
// every transport and both drivers, in an addon that is built for this alone. Each panic has to become an error that
// JavaScript hears of, with a code of ferripc's and not the binding's, and the process has to go on as before. The same for
// a watch of the event loop that the system refuses, of which nobody hears. Not a part of `npm test`; two minutes.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { optionsOf } = require('./usage');

optionsOf(__filename);

const root = path.join(__dirname, '..');
const fixture = (name) => path.join(root, '__test__', 'fixtures', `${name}.js`);
const target = path.join(root, 'target', 'panics');

/** Place -> where it is passed: `[transports, drivers]`. */
const STREAMS = ['unix', 'tcp', 'tls'];
const DRIVERS = ['', 'tokio'];
const PLACES = {
  construct: [['unix', 'udp'], DRIVERS],
  call: [STREAMS, DRIVERS],
  listen: [STREAMS, DRIVERS],
  bind: [['udp'], DRIVERS],
  connect: [STREAMS, DRIVERS],
  accept: [STREAMS, DRIVERS],
  handshake: [['tls'], DRIVERS],
  read: [STREAMS, DRIVERS],
  flush: [STREAMS, DRIVERS],
  late: [STREAMS, DRIVERS],
  write: [STREAMS, DRIVERS],
  turn: [[...STREAMS, 'udp'], DRIVERS],
  receive: [['udp'], DRIVERS],
};

/** The same of the other systems: the fixture panics-systems.js has a part for each. On Linux. */
const SYSTEMS = {
  job: [['ipc2'], DRIVERS],
  worker: [['ipc2'], DRIVERS],
  'hand-out': [['ipc2'], DRIVERS],
  view: [['appview'], ['']],
  'view-request': [['appview'], ['']],
  'pixiv-start': [['pixivutil2'], ['']],
  'pixiv-message': [['pixivutil2'], ['']],
  'pixiv-finish': [['pixivutil2'], ['']],
  'agent-connect': [['pixivutil2'], ['']],
  'agent-call': [['pixivutil2'], ['']],
  'zmtp-read': [['pixivutil2'], ['']],
  'queue-open': [['mqueue'], ['']],
  'queue-send': [['mqueue'], ['']],
  'queue-receive': [['mqueue'], ['']],
  'queue-watcher': [['mqueue'], ['']],
  'queue-watch': [['mqueue'], ['']],
  'queue-wait': [['mqueue'], ['']],
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

/** What a process of the fixture `name` prints, and its stderr; or, as `wrong`, how it has ended. */
function run(name, { addon, place, transport, driver, folder }, env) {
  const args = [
    fixture(name),
    JSON.stringify({ transport, place, path: path.join(folder, `${place}${driver}`) }),
  ];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: addon, FERRIPC_DRIVER: driver, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) return { wrong: `ended with ${status ?? signal}\n${stderr}` };
  return { ...JSON.parse(stdout), stderr };
}

/** What is wrong with one run, or null. */
function panic(name, combination) {
  const { place } = combination;
  const ran = run(name, combination, { FERRIPC_PANIC: place });
  const { wrong, heard, uncaught, first, again, stderr } = ran;
  if (wrong) return wrong;
  if (!stderr.includes(`injected: ${place}`)) return 'did not panic';
  if (uncaught > 0) return 'an uncaught exception';
  if (heard.length === 0) return first === true ? null : 'it was not reported';
  if (heard.some((code) => code !== 'ERR_FERRIPC_INTERNAL')) return `heard ${heard}`;
  return again ? null : 'does not go on afterwards';
}

/** What is wrong where the event loop can watch nothing: the I/O thread does it. */
function refused(name, combination) {
  const { wrong, heard, first, again } = run(name, combination, { FERRIPC_REFUSED: 'watch' });
  if (wrong) return wrong;
  return heard.length === 0 && first && again ? null : `heard ${heard}, ${first}, ${again}`;
}

const addon = build();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-panics-'));
let [good, bad] = [0, 0];

function play(name, places, judge) {
  for (const [place, [transports, drivers]] of Object.entries(places)) {
    for (const transport of transports) {
      for (const driver of drivers) {
        const wrong = judge(name, { addon, place, transport, driver, folder });
        if (wrong === null) good++;
        else bad++;
        if (wrong !== null)
          console.error(`${place}, ${transport}, ${driver || 'loop'} driver: ${wrong}`);
      }
    }
  }
}

play('panics', PLACES, panic);
if (process.platform === 'linux') play('panics-systems', SYSTEMS, panic);
play('panics', { refused: [[...STREAMS, 'udp'], ['']] }, refused);
fs.rmSync(folder, { recursive: true, force: true });
console.log(`panics: ${good} became errors, ${bad} did not`);
process.exitCode = bad === 0 ? 0 : 1;
