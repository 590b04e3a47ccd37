'use strict';
// The programs of ipcIO's tutorial (0.4.0), word for word (./tutorial, MIT licence), and what they lean on.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createWorld } = require('../helpers/world');
const { onUnix } = require('../helpers/platform');
const { collect, createParties, datas } = require('./parties');

const world = createWorld();
const { serve, makeClient, connect } = createParties(world);

/** What `require("ipcio")` gets: ferripc's, with its sockets in a folder of the test's; and time runs faster. */
const IPCIO = `
const { Client, Server } = require(${JSON.stringify(path.join(__dirname, '..', '..', 'ipcio'))});
const socketRoot = __dirname;
exports.Server = class extends Server { constructor(o, h) { super({ socketRoot, ...o }, h); } };
exports.Client = class extends Client {
  constructor(o, h) { super({ socketRoot, reconnectDelay: 20, ...o }, h); }
};
const usual = setInterval;
global.setInterval = (call, ms) => usual(call, ms / 50);
`;

/** Runs a program of the tutorial, as it stands. `saw(text)` resolves when it has printed that as a line. */
function run(folder, name) {
  const file = path.join(folder, `${name}.js`);
  fs.copyFileSync(path.join(__dirname, 'tutorial', `${name}.txt`), file);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  world.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const saw = async (line) => {
    while (!printed.split('\n').includes(line)) {
      await new Promise((resolve) => child.stdout.once('data', resolve));
    }
  };
  return { saw };
}

describe("the tutorial of ipcIO's own documents", () => {
  // Either of them may be started first.
  onUnix.test.each([[['test-server', 'test-client']], [['test-client', 'test-server']]])(
    'word for word: node %p',
    async (order) => {
      const folder = world.tmp();
      const ipcio = path.join(folder, 'node_modules', 'ipcio');
      fs.mkdirSync(ipcio, { recursive: true });
      fs.writeFileSync(path.join(ipcio, 'index.js'), IPCIO);
      const programs = {};
      for (const name of order) programs[name] = run(folder, name);
      const { 'test-server': server, 'test-client': client } = programs;
      await server.saw('Other command handler triggered.');
      await server.saw('Client name: example_client');
      await server.saw('Receiving data: other request data');
      await client.saw('Received other response command with data: other response data');
      await server.saw('Example command handler triggered.');
      await server.saw('Receiving data: example request data');
      await client.saw('Received example response command with data: example response data');
    },
  );

  test.each(['send', 'emit'])('with client.%s(command, data)', async (method) => {
    const first = collect();
    const second = collect();
    const server = await serve({
      example_request_command: (container) => {
        server.emit(container.name, 'example_response_command', `to ${container.data}`);
      },
      other_request_command: (container) => {
        const clientSocket = container.socket;
        clientSocket.writeCommand('other_response_command', 'other response data');
      },
    });
    const client = await connect('example_client', {
      example_response_command: first.handler,
      other_response_command: second.handler,
    });
    client[method]('example_request_command', 'example request data');
    client[method]('other_request_command', 'other request data');
    expect(datas(await first.all)).toEqual(['to example request data']);
    expect(datas(await second.all)).toEqual(['other response data']);
  });

  test('connect() and emit() may be chained', async () => {
    const { handler, all } = collect(2);
    await serve({ one: handler, two: handler });
    makeClient('c').connect().emit('one', 1).emit('two', 2);
    expect(datas(await all)).toEqual([1, 2]);
  });

  test('what a handler gets', async () => {
    const asked = collect();
    const answered = collect();
    const server = await serve({ ask: asked.handler });
    const client = await connect('c', { answer: answered.handler });
    client.send('ask', { a: 1 });
    const [at] = await asked.all;
    expect(Object.keys(at).sort()).toEqual(['data', 'name', 'server', 'socket', 'uuid']);
    expect(at).toMatchObject({
      data: { a: 1 },
      name: 'c',
      uuid: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(at.socket).toBeInstanceOf(require('node:net').Socket);
    expect(at.server).toBeInstanceOf(require('node:net').Server);
    at.socket.writeCommand('answer', 2);
    const [back] = await answered.all;
    expect(back).toMatchObject({ data: 2, name: 'c', uuid: at.uuid, server: null });
    expect(server.isStarted()).toBe(true);
  });
});
