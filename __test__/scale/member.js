'use strict';
// A server that takes part in a cluster, and does as it is told: in a process of its own (`{place, config, broker, name}` in its
// arguments), or within that of the test. Each line on its standard input is a command, its answer a line of JSON.

const { IPC } = require('../..');
const scale = require('../../scale');
const { makeIPC, tcpPlace, unixPlace } = require('../helpers/world');

/** Short, so that a server which dies is missed soon; the rest of the suite is tolerant of a busy machine. */
const TIMES = { heartbeat: 100, timeout: 1500 };

async function makeMember({ options, config, name, id }, broker) {
  const ipc = makeIPC(IPC, config);
  const at = options.path ? unixPlace(options.path) : tcpPlace(options.host, options.port);
  at.serve(ipc);
  const { server } = ipc;
  const identify = (socket, type, data) => (type === 'hello' ? data.name : undefined);
  await server.start();
  const cluster = await scale.join(server, { broker, id, name, identify, ...TIMES });
  const errors = [];
  cluster.on('error', ({ code }) => errors.push(code));

  /** Resolves when `holds()`, which events of the cluster may change. */
  const until = (holds) =>
    new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        cluster.off('*', look);
        resolve();
      };
      cluster.on('*', look);
      look();
    });

  const commands = {
    async sees(clients, servers) {
      await until(
        () => cluster.clients().length === clients && cluster.servers().length === servers,
      );
      // All are who they said that they are.
      await until(() => cluster.clients().every(({ id: its }) => its.startsWith('client ')));
      return cluster.servers().map((it) => it.name);
    },
    async broadcast(type, values) {
      return values.map((value) => cluster.broadcast(type, value));
    },
    async emit(ids, type) {
      return ids.map((its) => cluster.emit(its, type, its));
    },
    /** Turn by turn to all, and to one. */
    async mixed(to, type, values) {
      for (const value of values) {
        if (value % 2 === 0) cluster.broadcast(type, value);
        else cluster.emit(to, type, value);
      }
    },
    async request(to, type, data, { abortAfter, ...rest } = {}) {
      const controller = new AbortController();
      const asked = cluster.request(to, type, data, { ...rest, signal: controller.signal });
      if (abortAfter) setTimeout(() => controller.abort(), abortAfter);
      return asked.then(
        (answer) => ({ answer }),
        ({ constructor, name: its, code, message }) => ({
          error: { class: constructor.name, name: its, code, message },
        }),
      );
    },
    async turns(isUp) {
      await until(() => cluster.isUp === isUp);
    },
    async stats() {
      return { ...cluster.stats(), errors };
    },
    async close() {
      await cluster.close();
      await server.stop({ disconnect: true });
    },
  };
  return { cluster, server, ask: (command, ...args) => commands[command](...args) };
}

async function main() {
  const [settings] = JSON.parse(process.argv[2]);
  const { kind, options } = settings.broker;
  const { ask } = await makeMember(settings, scale[kind](options));
  const lines = require('node:readline').createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { number, command, args } = JSON.parse(line);
    const value = await ask(command, ...args);
    console.log(JSON.stringify({ number, value: value ?? null }));
    if (command === 'close') process.stdin.destroy();
  });
  console.log(JSON.stringify({ number: 0, value: null }));
}

if (require.main === module) main();

module.exports = { makeMember };
