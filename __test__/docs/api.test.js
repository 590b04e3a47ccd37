'use strict';
// docs/api.md is what scripts/api-docs.js makes of index.d.ts, and index.d.ts has the public names of the
// objects: those of ipc, its classes and settings are compared in __test__/types/members.test.js, sockets
// and peers here.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const ts = require('typescript');
const { once } = require('../helpers/events');
const { createTlsWorld } = require('../helpers/tls');
const { root } = require('./markdown');

const world = createTlsWorld();

test('docs/api.md is up to date: `node scripts/api-docs.js` writes it', async () => {
  // By a process of its own: oxfmt is an ES module, which jest does not load.
  const script =
    "require('./scripts/api-docs').generate().then((text) => process.stdout.write(text))";
  const made = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  expect(fs.readFileSync(path.join(root, 'docs', 'api.md'), 'utf8')).toBe(made);
});

test('what editors and programs show names no rule by its number: those are for compatibility.md', () => {
  const { files } = require('../../package.json');
  const under = (name) => {
    const file = path.join(root, name);
    if (!fs.existsSync(file)) return [];
    if (!fs.statSync(file).isDirectory()) return [file];
    return fs.readdirSync(file).flatMap((it) => under(path.join(name, it)));
  };
  const shipped = files.filter((name) => !name.includes('*')).flatMap(under);
  const rule = /\b[KF]\d{1,2}\b/g;
  for (const file of shipped.filter((it) => /\.d\.[cm]?ts$/.test(it)))
    expect([file, fs.readFileSync(file, 'utf8').match(rule)]).toEqual([file, null]);
  expect(fs.readFileSync(path.join(root, 'docs', 'api.md'), 'utf8').match(rule)).toBe(null);
  // Of JavaScript what may get into a message: its strings.
  for (const file of shipped.filter((it) => /\.m?js$/.test(it))) {
    const source = fs.readFileSync(file, 'utf8');
    const found = [];
    const visit = (node) => {
      if (ts.isStringLiteralLike(node) || ts.isTemplateMiddleOrTemplateTail(node))
        found.push(...(node.text.match(rule) ?? []));
      if (ts.isTemplateHead(node)) found.push(...(node.text.match(rule) ?? []));
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
    expect([file, found]).toEqual([file, []]);
  }
});

/** The members that interface `name` of index.d.ts declares itself. */
function declared(name) {
  const text = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
  const file = ts.createSourceFile('index.d.ts', text, ts.ScriptTarget.Latest, true);
  const space = file.statements.find((one) => ts.isModuleDeclaration(one));
  const found = space.body.statements.find((one) => one.name?.text === name);
  return found.members.filter((member) => member.name).map((member) => member.name.getText());
}

/** The public names of a socket that a plain net.Socket has not. */
function additions(socket) {
  const plain = new net.Socket();
  const names = new Set(Object.keys(socket));
  for (let o = socket; o !== net.Socket.prototype; o = Object.getPrototypeOf(o)) {
    for (const name of Object.getOwnPropertyNames(o)) names.add(name);
  }
  return [...names].filter((name) => !name.startsWith('_') && !(name in plain)).sort();
}

test('what sockets have besides a net.Socket is declared, and the reverse', async () => {
  const place = await world.at();
  const server = await world.serve(place);
  const { client, socket } = await world.meet(server, place);
  socket.id = 'set by a message';
  const names = declared('IpcSocket').sort();
  expect(additions(socket)).toEqual(names);
  expect(additions(client.socket)).toEqual(names.filter((name) => name !== 'id'));
});

test('what a UDP peer has is declared, and the reverse', async () => {
  const [one, other] = [world.ipc(), world.ipc()];
  for (const ipc of [one, other]) ipc.serveNet('127.0.0.1', '0', 'udp4');
  await Promise.all([one.server.start(), other.server.start()]);
  const message = once(one.server, 'hello');
  other.server.emit(one.server.server.address(), 'hello', { id: 'me' });
  const [, peer] = await message;
  expect(Object.keys(peer).sort()).toEqual(declared('UdpPeer').sort());
});
