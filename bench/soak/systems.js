'use strict';
// `npm run soak:systems`: load on ipcIO, ipc2, ZMTP, message queues and AppView: one process that is asked, and several
// that ask, for a while. Every message is numbered and hashed. Exits with 1 if something is missing or different, or if
// descriptors are left.
//
//   npm run soak:systems -- --minutes 0.5 --system ipcio|ipc2|zmtp|mqueue|appview --driver loop|tokio|both
//   --keep    the results become files in bench/results: JSON and Markdown; otherwise in a temporary folder

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { commitName, environment } = require('../lib/machine.js');
const { chosen, numberOf, optionsOf } = require('../../scripts/usage.js');
const { Part, memory, pause } = require('./run');

/** Askers of each system, in all; those of a queue, or of a process that AppView is in, take turns. */
const PARTIES = { ipcio: 500, ipc2: 100, zmtp: 200, mqueue: 4, appview: 4 };
const PROCESSES = 2;
/** How long memory may take to settle when all have left, in ms. */
const SETTLES = 5000;

const sum = (list, name) => list.reduce((total, it) => total + it[name], 0);

async function load(system, driver, minutes) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-load-'));
  const started = Date.now();
  const all = PARTIES[system];
  const part = (args) => new Part('systems-party.js', { system, folder, ...args }, driver, started);
  const server = part({ role: 'server', parties: all, first: 0, seed: 1 });
  const parts = [server];
  try {
    const at = await server.tells('at');
    const groups =
      system === 'ipc2'
        ? [server]
        : Array.from({ length: PROCESSES }, (_, i) =>
            part({
              role: 'clients',
              at,
              parties: all / PROCESSES,
              first: (i * all) / PROCESSES,
              seed: i + 2,
            }),
          );
    parts.push(...groups.filter((it) => it !== server));
    await Promise.all(groups.map((it) => it.tells('connected')));
    for (const it of groups) it.say('go');
    await pause(minutes * 60_000);
    for (const it of groups) it.say('stop');
    const reports = await Promise.all(groups.map((it) => it.tells('report')));
    await pause(500); // what is in a queue
    server.say('report');
    const atServer = await server.tells('report');
    for (const it of parts) it.say('leave');
    await pause(SETTLES);
    for (const it of parts) it.say('settle');
    await pause(2000);
    for (const it of parts) it.say('end');
    const codes = await Promise.all(parts.map((it) => it.ended));
    const [asked, answered] = ['asked', 'answered'].map((name) => sum(reports, name));
    const own = reports.filter((it) => it !== atServer);
    const errors = [...atServer.errors, ...own.flatMap((it) => it.errors)];
    const wrong = atServer.wrong + sum(own, 'wrong');
    const what = { system, driver, parties: all, asked, answered, taken: atServer.taken, wrong };
    return { ...what, errors, codes, server: memory(server.samples) };
  } finally {
    for (const { process: child } of parts) if (child.exitCode === null) child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong with a result. */
function faults({ asked, answered, taken, wrong, errors, codes, server }) {
  return [
    asked !== answered && 'questions without an answer',
    taken !== answered && 'messages that were taken more or less often',
    wrong > 0 && 'messages that are not what was sent',
    errors.length > 0 && JSON.stringify(errors),
    codes.some((code) => code !== 0) && 'processes that ended otherwise',
    server.fds.after > server.fds.before && 'descriptors that are left',
  ].filter(Boolean);
}

function markdown({ date, environment: env, minutes, results }) {
  const number = (value) => value.toLocaleString('en-US');
  const row = (it) => {
    const { server } = it;
    const sizes = [server.before, server.peak, server.after, server.fds.before, server.fds.after];
    const cells = [it.system, it.driver, number(it.parties), number(it.answered), ...sizes];
    return `| ${[...cells, faults(it).join('; ') || 'nothing'].join(' | ')} |`;
  };
  return [
    `# Load on the other systems, ${date.slice(0, 10)}`,
    '',
    `${minutes} minutes each; ${env.cpu}, ${env.cores} cores, ${env.os}, Node ${env.node}, ` +
      `commit ${commitName(env.commit)}. ` +
      'Messages of up to 1 MB, numbered and hashed; 4,000 characters at most in queues, 100,000 in AppView. ' +
      'Memory and descriptors are those of the process that is asked.',
    '',
    '| system | driver | askers | messages answered | MB before | at most | after | descriptors before | after | lost, changed, or wrong |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(row),
    '',
  ].join('\n');
}

async function main() {
  const { values } = optionsOf(__filename, {
    options: {
      minutes: { type: 'string', default: '0.5' },
      system: { type: 'string', multiple: true, default: Object.keys(PARTIES) },
      driver: { type: 'string', default: 'both' },
      keep: { type: 'boolean', default: false },
    },
  });
  const minutes = numberOf(__filename, values, 'minutes');
  chosen(__filename, values, 'system', Object.keys(PARTIES));
  chosen(__filename, values, 'driver', ['loop', 'tokio', 'both']);
  const drivers = values.driver === 'both' ? ['loop', 'tokio'] : [values.driver];
  const results = [];
  for (const system of values.system)
    for (const driver of drivers) {
      const result = await load(system, driver, minutes);
      results.push(result);
      console.log(`${system}, ${driver}: ${result.answered} of ${result.asked}, ${faults(result)}`);
    }
  const report = { date: new Date().toISOString(), environment: environment(), minutes, results };
  const place = values.keep
    ? path.join(__dirname, '..', 'results')
    : fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-load-'));
  const base = path.join(place, `${report.date.slice(0, 10)}-soak-systems`);
  fs.writeFileSync(`${base}.json`, `${JSON.stringify(report)}\n`);
  fs.writeFileSync(`${base}.md`, markdown(report));
  console.log(`${base}.json, .md`);
  if (results.some((it) => faults(it).length > 0)) process.exitCode = 1;
}

if (require.main === module) void main();
