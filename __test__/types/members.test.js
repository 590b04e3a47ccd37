'use strict';

// The declarations against the code: what an interface of index.d.ts has, its object has, and where
// the object is the library's own, nothing public is missing from the interface.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const ts = require('typescript');

const ipc = require('../..');
const Client = require('../../dao/client');
const Server = require('../../dao/socketServer');
const Defaults = require('../../entities/Defaults');
const EventParser = require('../../entities/EventParser');

const root = path.join(__dirname, '..', '..');
const files = ['index.d.ts', 'index.d.mts', 'entities/EventParser.d.ts'];
const program = ts.createProgram(
  files.map((file) => path.join(root, file)),
  { module: ts.ModuleKind.Node16, types: ['node'], typeRoots: [`${root}/node_modules/@types`] },
);
const checker = program.getTypeChecker();

function moduleSymbol(file) {
  return checker.getSymbolAtLocation(program.getSourceFile(path.join(root, file)));
}

/** The members of a type that `file` exports: name -> whether it is a function. */
function membersOf(name, file = 'index.d.ts') {
  let symbol = checker.getAliasedSymbol(moduleSymbol(file).exports.get('export='));
  if (name !== undefined) symbol = symbol.exports.get(name);
  const members = {};
  for (const member of checker.getDeclaredTypeOfSymbol(symbol).getProperties()) {
    if (member.flags & ts.SymbolFlags.Optional || member.name.startsWith('__@')) continue; // symbols
    const type = checker.getTypeOfSymbol(member);
    const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()];
    members[member.name] = signatures.length > 0;
  }
  return members;
}

/** The public names of an object: its own and those of its classes. */
function namesOf(object) {
  const names = new Set();
  for (let o = object; o !== Object.prototype; o = Object.getPrototypeOf(o)) {
    for (const name of Object.getOwnPropertyNames(o)) names.add(name);
  }
  return [...names].filter((name) => name !== 'constructor' && !name.startsWith('_'));
}

function functionsOf(object, names) {
  return Object.fromEntries(names.map((name) => [name, typeof object[name] === 'function']));
}

const client = Object.assign(new Client(new Defaults(), ipc.log), { id: 'x', path: '/tmp/x' });
const server = new Server('127.0.0.1', new Defaults(), ipc.log, 8000);

test.each([
  ['Singleton', ipc],
  ['Config', new Defaults()],
  ['Client', client],
  ['Queue', client.queue],
])('%s', (name, object) => {
  expect(functionsOf(object, namesOf(object))).toEqual(membersOf(name));
});

test('Server', () => {
  const members = { ...membersOf('Server'), port: false }; // which is optional
  expect(functionsOf(server, namesOf(server))).toEqual(members);
});

test('EventParser', () => {
  const parser = new EventParser();
  expect(functionsOf(parser, namesOf(parser))).toEqual(
    membersOf(undefined, 'entities/EventParser.d.ts'),
  );
});

test('values of the ES module', () => {
  const script = "import('ferripc').then((all) => console.log(Object.keys(all).join()))";
  const values = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  const declared = checker
    .getExportsOfModule(moduleSymbol('index.d.mts'))
    .filter((symbol) => checker.getAliasedSymbol(symbol).flags & ts.SymbolFlags.Value)
    .map((symbol) => symbol.name);
  const found = values.trim().split(',');
  // In Node 23 and later every CommonJS module has this one, and so what is handed on of it.
  expect(found.filter((name) => name !== 'module.exports').sort()).toEqual(declared.sort());
});
