'use strict';
// The table of imports in docs/migration.md, cell by cell, with the packages themselves; and the lines for
// programs of node-ipc 14 that a program can show.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { writeFamily } = require('../helpers/certificates');
const { onUnix } = require('../helpers/platform');
const { createWorld, freePort } = require('../helpers/world');
const { root } = require('./markdown');

const world = createWorld();

/** What tells whether an import gives the ipc object or class, by the first cell of its row. */
const PROBES = {
  'const ipc = require(…)': "typeof require(name).connectTo === 'function'",
  'const ipc = require(…).default': "typeof require(name).default.connectTo === 'function'",
  'import ipc from …': "typeof (await import(name)).default.connectTo === 'function'",
  'import { IPCModule } from …': "typeof (await import(name)).IPCModule === 'function'",
  'import { IPC } from …': "typeof (await import(name)).IPC === 'function'",
  'new ipc.IPC()': "typeof new (await import(name)).default.IPC().connectTo === 'function'",
  "require('…/dao/client') and other files": "typeof require(name + '/dao/client') === 'function'",
  'import { GuardedParser } from … and other parsers':
    "typeof (await import(name)).GuardedParser === 'function'",
};

const document = fs.readFileSync(path.join(root, 'docs', 'migration.md'), 'utf8');
const cellsOf = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const lines = document.split('\n');
const head = lines.findIndex((line) => /^\| program +\| 9 /.test(line));
const columns = cellsOf(lines[head]).slice(1);
const rows = lines
  .slice(head + 2, lines.indexOf('', head))
  .map(cellsOf)
  .map(([program, ...cells]) => [program.replaceAll('`', ''), ...cells]);

/** Whether each probe holds for a package. */
function probe(name) {
  const script = `(async () => {
    const name = ${JSON.stringify(name)};
    const found = {};
    ${Object.entries(PROBES)
      .map(([row, test]) => {
        const key = JSON.stringify(row);
        return `try { found[${key}] = ${test}; } catch { found[${key}] = false; }`;
      })
      .join('\n')}
    console.log(JSON.stringify(found));
  })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout);
}

test.each([
  ['9', 'node-ipc-9'],
  ['10, 12', 'node-ipc-10'],
  ['14', 'node-ipc-14'],
  ['ferripc', 'ferripc'],
])('what imports give: %s', (column, name) => {
  const index = columns.indexOf(column) + 1;
  const found = probe(name);
  const cells = rows.map((row) => [row[0], row[index]]);
  const expected = Object.entries(found).map(([row, is]) => [row, is ? 'yes' : 'no']);
  const canRequireModules = process.features.require_module === true;
  const comparable = ([row]) => name !== 'node-ipc-14' || canRequireModules || !/require/.test(row);
  expect(cells.filter(comparable)).toEqual(expected.filter(comparable));
});

const of14 = {
  startGetsServer: true,
  null: null,
  empty: '',
  socketId: null,
  closeGetsSocket: true,
  notJsonCloses: true,
  eventsOfDisconnect: [],
  stopCloses: true,
  tlsAsksClients: true,
};

const ours = {
  startGetsServer: false,
  null: {},
  empty: {},
  socketId: 'me',
  closeGetsSocket: false,
  notJsonCloses: false,
  eventsOfDisconnect: ['disconnect', 'destroy'],
  stopCloses: false,
  tlsAsksClients: false,
};

onUnix.test.each([
  ['node-ipc-14', { ...of14, socketRoot: expect.stringMatching(/\/node-ipc(-\d+)?\/$/) }],
  ['ferripc', { ...ours, socketRoot: '/tmp/' }],
])('what node-ipc 14 does otherwise: %s', async (name, expected) => {
  writeFamily(world.tmp());
  const file = (base) => path.join(world.tmp(), base);
  const child = world.child(path.join(__dirname, 'what-14-does.mjs'), {
    name,
    path: world.socketPath(),
    port: await freePort(),
    tls: { key: file('server.key'), cert: file('server.crt'), ca: file('ca.crt') },
  });
  expect(await child.next()).toEqual(expected);
});

describe('a program that says `@ts-expect-error` before its import of IPCModule', () => {
  const program = `// @ts-expect-error: the types lack it
import { IPCModule } from 'node-ipc';
export const ipc = new IPCModule();
`;
  const settings = JSON.parse(/^ *(\{ "paths": .*\})$/m.exec(document)[1]);

  /** What the compiler says of it in a project with ferripc's types and with others, which lack IPCModule. */
  function problems(options) {
    const write = (name, text) => {
      const file = world.file(name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
      return file;
    };
    const { version } = ts;
    write('node_modules/node-ipc/package.json', '{ "types": "index.d.ts" }');
    write('node_modules/node-ipc/index.d.ts', 'export class IPCModule { config: object }\n');
    write('node_modules/@types/node-ipc/index.d.ts', 'declare const ipc: object;\nexport = ipc;\n');
    const { ModuleKind, ModuleResolutionKind } = ts;
    const made = ts.createProgram([write('program.ts', program)], {
      module: ModuleKind.CommonJS,
      moduleResolution: ModuleResolutionKind.Node10,
      ignoreDeprecations: Number(version.split('.')[0]) >= 6 ? '6.0' : undefined,
      esModuleInterop: true,
      noEmit: true,
      types: [],
      pathsBasePath: world.tmp(),
      ...options,
    });
    return ts.getPreEmitDiagnostics(made).map(({ code }) => code);
  }

  test('has an error less than it expects with ferripc’s types', () => {
    expect(problems({})).toEqual([2578]); // Unused '@ts-expect-error' directive
  });

  test('compiles unchanged with the documented line', () => {
    expect(problems(settings)).toEqual([]);
  });
});
