'use strict';
// `npm run soak`: thousands of clients in several processes and a server in one, for minutes or hours. Every message
// is numbered and hashed, both ways: it has to arrive once, in order, as it was. Memory and descriptors are looked at
// before, each second, and when all clients have left. Exits with 1 if something is missing, double or different, if
// descriptors are left, or if a process holds more than 32 MB (a process of clients 64 MB) more than before.
//
//   npm run soak -- --minutes 2 --clients 2000 --processes 4 --driver loop|tokio|both
//                --transport unix|tcp|tls (--tls is the last)
//   --bound off                 memory may be what it is, under AddressSanitizer
//   --keep    the results become files in bench/results: JSON, Markdown and a chart; otherwise in a temporary folder

const { fork } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makeFamily } = require('../../__test__/helpers/certificates');
const { commitName, environment } = require('../lib/machine.js');
const { chosen, numberOf, optionsOf } = require('../../scripts/usage.js');
const { soakChart } = require('./chart');

const MB = 2 ** 20;

/** So many MB more than before may a process hold when all clients have left; of clients, each of their processes. */
const BOUNDS = { server: 32, clients: 64 };

/** How long the server may take to end the connections of all clients that have left, on a busy machine, in ms. */
const ENDS = 120_000;

/** How long memory may take to settle then, in ms. */
const SETTLES = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A process of the soak: what it has sent, by kind. */
class Part {
  samples = [];
  #told = new Map();
  #waiting = new Map();

  constructor(file, args, driver, started) {
    this.process = fork(path.join(__dirname, file), [JSON.stringify(args)], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, ...(driver === 'tokio' ? { FERRIPC_DRIVER: 'tokio' } : {}) },
    });
    this.process.on('message', (message) => {
      if (message.sample) {
        this.samples.push({ t: (Date.now() - started) / 1000, ...message.sample });
        return;
      }
      const [kind] = Object.keys(message);
      this.#told.set(kind, message[kind]);
      this.#waiting.get(kind)?.(message[kind]);
    });
    this.ended = new Promise((resolve) =>
      this.process.on('exit', (code, signal) => resolve(code ?? signal)),
    );
  }

  say(word) {
    this.process.send({ say: word });
  }

  /** What it says of `kind`; rejects if it ends before. */
  async tells(kind) {
    if (this.#told.has(kind)) return this.#told.get(kind);
    const told = new Promise((resolve) => this.#waiting.set(kind, resolve));
    const ended = this.ended.then((how) => {
      throw new Error(`a process ended with ${how}, before it told its ${kind}`);
    });
    return Promise.race([told, ended]);
  }
}

/** Waits until the server has no connection any more. Returns how long that took, in seconds, or null. */
async function ended(server) {
  const left = Date.now();
  while (Date.now() - left < ENDS) {
    await pause(250);
    if (server.samples.at(-1).connections === 0) return Math.round((Date.now() - left) / 1000);
  }
  return null;
}

async function soak(options) {
  const { minutes, clients, processes, transport, driver } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-soak-'));
  const place = transport === 'unix' ? { path: path.join(folder, 's') } : { host: '127.0.0.1' };
  const family = options.tls ? makeFamily() : null;
  const tls = family && {
    server: { key: family.server.key, cert: family.server.cert },
    client: { ca: family.ca.cert },
  };
  const started = Date.now();
  const server = new Part('server.js', { place, tls, clients, seed: 1 }, driver, started);
  const parts = [server];
  try {
    const port = await server.tells('port');
    if (port !== null) place.port = port;
    await pause(2000); // what the server has before
    const groups = Array.from({ length: processes }, (_, i) => {
      const [first, end] = [i, i + 1].map((at) => Math.floor((clients * at) / processes));
      return new Part(
        'clients.js',
        { place, tls, clients: end - first, first, seed: i + 2 },
        driver,
        started,
      );
    });
    parts.push(...groups);
    await Promise.all(groups.map((group) => group.tells('connected')));
    const connected = Date.now();
    for (const group of groups) group.say('go');
    await pause(minutes * 60_000);
    for (const group of groups) group.say('stop');
    const reports = await Promise.all(groups.map((group) => group.tells('report')));
    server.say('report');
    const atServer = await server.tells('report');
    const seconds = (Date.now() - connected) / 1000;
    for (const group of groups) group.say('leave');
    const ends = await ended(server);
    await pause(SETTLES);
    for (const part of parts) part.say('settle');
    await pause(3000);
    for (const part of parts) part.say('end');
    const codes = await Promise.all(parts.map((part) => part.ended));
    return summary(options, { server, groups, reports, atServer, seconds, ends, codes });
  } finally {
    for (const { process: child } of parts) if (child.exitCode === null) child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const sum = (list, of) => list.reduce((total, it) => total + of(it), 0);

/** The samples of several processes as if they were one. */
function together(groups) {
  const length = Math.min(...groups.map(({ samples }) => samples.length));
  return Array.from({ length }, (_, i) => {
    const of = (name) => sum(groups, ({ samples }) => samples[i][name]);
    return { t: groups[0].samples[i].t, rss: of('rss'), fds: of('fds'), messages: of('messages') };
  });
}

function memory(samples) {
  const rss = samples.map((it) => it.rss);
  const [before, peak, after] = [rss[0], Math.max(...rss), rss.at(-1)].map((it) =>
    Math.round(it / MB),
  );
  const fds = samples.map((it) => it.fds);
  return {
    before,
    peak,
    after,
    fds: { before: fds[0], peak: Math.max(...fds), after: fds.at(-1) },
  };
}

function summary(options, { server, groups, reports, atServer, seconds, ends, codes }) {
  const up = { sent: sum(reports, ({ sent }) => sent), ...atServer.received };
  const received = (name) => sum(reports, (report) => report.received[name]);
  const down = { sent: atServer.sent };
  for (const name of ['messages', 'lost', 'again', 'corrupt']) down[name] = received(name);
  const clients = together(groups);
  return {
    date: new Date().toISOString(),
    environment: environment(),
    options,
    seconds: Math.round(seconds),
    ends,
    visits: sum(reports, ({ visits }) => visits),
    up,
    down,
    errors: [...atServer.errors, ...reports.flatMap(({ errors }) => errors)],
    dropped: atServer.dropped,
    server: memory(server.samples),
    clients: memory(clients),
    codes,
    samples: { server: server.samples, clients },
  };
}

const exact = ({ sent, messages, lost, again, corrupt }) =>
  sent === messages && lost + again + corrupt === 0;

/** What is wrong with a result: none of it may be. */
function faults({ options, up, down, server, clients, ends, codes }) {
  const isOver = ({ before, after }, most) => options.bound !== 'off' && after - before > most;
  return [
    !exact(up) && 'messages to the server',
    !exact(down) && 'messages to the clients',
    ends === null && 'connections that have not ended',
    server.fds.after > server.fds.before && 'descriptors that are left',
    clients.fds.after > clients.fds.before && 'descriptors that clients have left',
    isOver(server, BOUNDS.server) && 'memory that the server keeps',
    isOver(clients, BOUNDS.clients * options.processes) && 'memory that clients keep',
    codes.some((code) => code !== 0) && 'processes that ended otherwise',
  ].filter(Boolean);
}

function markdown(result) {
  const { options, up, down, server, clients } = result;
  const number = (value) => value.toLocaleString('en-US');
  const way = (name, it) =>
    `| ${name} | ${[it.sent, it.messages, it.lost, it.again, it.corrupt].map(number).join(' | ')} |`;
  const part = (name, it) =>
    `| ${name} | ${[it.before, it.peak, it.after, it.fds.before, it.fds.peak, it.fds.after].map(number).join(' | ')} |`;
  const { environment: env } = result;
  return [
    `# Soak, ${result.date.slice(0, 10)}: ${options.transport}${options.tls ? ' with TLS' : ''}, ${options.driver} driver`,
    '',
    `${number(options.clients)} clients in ${options.processes} processes, ${number(result.seconds)} s of traffic, ` +
      `${number(result.visits)} connections; ${env.cpu}, ${env.cores} cores, ${env.os}, Node ${env.node}, ` +
      `commit ${commitName(env.commit)}.`,
    '',
    '| messages | sent | arrived | lost | double | changed |',
    '| --- | --- | --- | --- | --- | --- |',
    way('to the server', up),
    way('to the clients', down),
    '',
    '| process | MB before | MB at most | MB after | descriptors before | at most | after |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    part('server', server),
    part('clients, together', clients),
    '',
    `Errors: ${result.errors.length === 0 ? 'none' : JSON.stringify(result.errors)}. Memory may be ${BOUNDS.server} MB more ` +
      `than before, and ${BOUNDS.clients} MB more for each process of clients. ` +
      `When all clients left, the server's connections had ended ${result.ends === null ? 'not at all' : `within ${result.ends} s`}.`,
    '',
  ].join('\n');
}

function write(result, keep) {
  const folder = keep
    ? path.join(__dirname, '..', 'results')
    : fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-soak-'));
  const { options, date } = result;
  const name = `${date.slice(0, 10)}-soak-${options.clients}-${options.transport}${options.tls ? '-tls' : ''}-${options.driver}`;
  const base = path.join(folder, name);
  fs.writeFileSync(`${base}.json`, `${JSON.stringify(result)}\n`);
  fs.writeFileSync(`${base}.md`, markdown(result));
  fs.writeFileSync(`${base}.svg`, soakChart(result));
  return base;
}

function readOptions() {
  const { values } = optionsOf(__filename, {
    options: {
      minutes: { type: 'string', default: '2' },
      clients: { type: 'string', default: '2000' },
      processes: { type: 'string', default: '4' },
      transport: { type: 'string', default: 'unix' },
      driver: { type: 'string', default: 'loop' },
      tls: { type: 'boolean', default: false },
      bound: { type: 'string', default: 'on' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [minutes, clients, processes] = ['minutes', 'clients', 'processes'].map((name) =>
    numberOf(__filename, values, name),
  );
  chosen(__filename, values, 'transport', ['unix', 'tcp', 'tls']);
  chosen(__filename, values, 'driver', ['loop', 'tokio', 'both']);
  chosen(__filename, values, 'bound', ['on', 'off']);
  const tls = values.tls || values.transport === 'tls';
  const transport = tls ? 'tcp' : values.transport; // TLS is for hosts
  return { ...values, minutes, clients, processes, transport, tls };
}

async function main() {
  const { keep, driver, ...options } = readOptions();
  for (const one of driver === 'both' ? ['loop', 'tokio'] : [driver]) {
    const result = await soak({ ...options, driver: one });
    const base = write(result, keep);
    console.log(markdown(result));
    console.log(`${base}.json, .md, .svg`);
    const wrong = faults(result);
    if (wrong.length > 0) {
      console.error(`wrong: ${wrong.join(', ')}`);
      process.exitCode = 1;
    }
  }
}

module.exports = { Part, faults, markdown, memory, pause, together };

if (require.main === module) void main();
