// node make.mjs [FOLDER]: compiles sources/ by every compiler into compiled/, for interop.test.js. Run by hand, when a
// source, a compiler or its version changes. Installs the compilers in FOLDER (default: a temporary one, removed afterwards).
// Takes Node 22.18 or later, because of Babel 8.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What is installed together: both Babels have packages of the same names. */
const PACKAGES = {
  'babel-7': {
    '@babel/core': '7.29.13',
    '@babel/plugin-transform-dynamic-import': '7.29.7',
    '@babel/plugin-transform-export-namespace-from': '7.29.15',
    '@babel/plugin-transform-modules-commonjs': '7.29.14',
  },
  'babel-8': {
    '@babel/core': '8.1.3',
    '@babel/plugin-transform-dynamic-import': '8.0.1',
    '@babel/plugin-transform-export-namespace-from': '8.1.0',
    '@babel/plugin-transform-modules-commonjs': '8.1.2',
  },
  others: {
    'typescript-4.9': 'npm:typescript@4.9.5',
    'typescript-5.0': 'npm:typescript@5.0.4',
    'typescript-5.6': 'npm:typescript@5.6.3',
    'typescript-5.9': 'npm:typescript@5.9.3',
    'typescript-6.0': 'npm:typescript@6.0.3',
    'typescript-7.0': 'npm:typescript@7.0.2',
    '@swc/core': '1.16.22',
    esbuild: '0.25.12',
    rolldown: '1.3.2',
    rollup: 'npm:@rollup/wasm-node@4.68.4',
    sucrase: '3.35.1',
    webpack: '5.113.0',
  },
};

/** What the sources import, which no bundler takes in. */
const EXTERNAL = ['node-ipc', 'node-ipc/parsers'];

const here = import.meta.dirname;
const folder = process.argv[2] ?? fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-interop-'));
const sources = fs
  .readdirSync(path.join(here, 'sources'))
  .map((file) => [
    path.basename(file, '.mjs'),
    fs.readFileSync(path.join(here, 'sources', file), 'utf8'),
  ]);

for (const [group, dependencies] of Object.entries(PACKAGES)) {
  const cwd = path.join(folder, group);
  fs.mkdirSync(cwd, { recursive: true });
  fs.writeFileSync(path.join(cwd, 'package.json'), JSON.stringify({ private: true, dependencies }));
  execFileSync('npm', ['i', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps'], {
    cwd,
    stdio: 'inherit',
  });
}

const resolve = (name, group = 'others') =>
  createRequire(path.join(folder, group, 'package.json')).resolve(name);
const load = (name, group) => import(pathToFileURL(resolve(name, group)));
const versionOf = (name, group = 'others') =>
  JSON.parse(fs.readFileSync(path.join(folder, group, 'node_modules', name, 'package.json')))
    .version;

/** By TypeScript's command, which all versions have. */
function typescript(name, options) {
  const work = path.join(folder, 'ts');
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work);
  const declared = EXTERNAL.map((name) => `declare module '${name}';\n`);
  fs.writeFileSync(path.join(work, 'node-ipc.d.ts'), declared.join(''));
  for (const [form, code] of sources) fs.writeFileSync(path.join(work, `${form}.ts`), code);
  const compilerOptions = {
    target: 'es2020',
    types: [],
    strict: true,
    noResolve: true,
    rootDir: '.',
    outDir: 'out',
    ...options,
  };
  fs.writeFileSync(
    path.join(work, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['*.ts'] }),
  );
  const tsc = path.join(folder, 'others', 'node_modules', name, 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', work], { stdio: 'inherit' });
  return (form) => fs.readFileSync(path.join(work, 'out', `${form}.js`), 'utf8');
}

async function babel(version, options) {
  const core = await load('@babel/core', version);
  const plugins = [
    [resolve('@babel/plugin-transform-modules-commonjs', version), options],
    resolve('@babel/plugin-transform-dynamic-import', version),
    resolve('@babel/plugin-transform-export-namespace-from', version),
  ];
  return (form, code) =>
    core.transformSync(code, { plugins, configFile: false, babelrc: false, sourceType: 'module' })
      .code;
}

async function swc(options) {
  const { transformSync } = (await load('@swc/core')).default;
  return (form, code) =>
    transformSync(code, {
      swcrc: false,
      jsc: { target: 'es2020', parser: { syntax: 'ecmascript' } },
      module: { type: 'commonjs', ...options },
    }).code;
}

async function sucrase(options) {
  const { transform } = (await load('sucrase')).default;
  return (form, code) => transform(code, { transforms: ['imports'], ...options }).code;
}

/** Bundlers that leave node-ipc out: the name of the file decides how they take CommonJS. */
const entry = (form, code, extension) => {
  const file = path.join(folder, `${form}.${extension}`);
  fs.writeFileSync(file, code);
  return file;
};

async function esbuild(extension) {
  const { buildSync } = (await load('esbuild')).default;
  return (form, code) =>
    buildSync({
      absWorkingDir: folder,
      entryPoints: [entry(form, code, extension)],
      bundle: true,
      external: EXTERNAL,
      format: 'cjs',
      platform: 'node',
      supported: { 'dynamic-import': false },
      write: false,
    }).outputFiles[0].text;
}

async function rolldown(extension) {
  const { rolldown: build } = await load('rolldown');
  return async (form, code) => {
    const bundle = await build({
      cwd: folder,
      input: entry(form, code, extension),
      external: EXTERNAL,
      platform: 'node',
    });
    const { output } = await bundle.generate({ format: 'cjs' });
    return output[0].code;
  };
}

async function rollup(interop) {
  const { rollup: build } = await load('rollup');
  return async (form, code) => {
    const bundle = await build({ input: entry(form, code, 'mjs'), external: EXTERNAL });
    const { output } = await bundle.generate({ format: 'cjs', interop, dynamicImportInCjs: false });
    return output[0].code;
  };
}

async function webpack(extension) {
  const build = (await load('webpack')).default;
  return async (form, code) => {
    const output = { path: folder, filename: 'webpack.js', library: { type: 'commonjs2' } };
    const stats = await new Promise((resolve, reject) => {
      const options = {
        context: folder,
        entry: entry(form, code, extension),
        output,
        externals: Object.fromEntries(EXTERNAL.map((name) => [name, `commonjs ${name}`])),
        target: 'node',
        mode: 'production',
        devtool: false,
        optimization: { minimize: false },
        module: { parser: { javascript: { dynamicImportMode: 'eager' } } },
      };
      build(options, (error, result) => (error ? reject(error) : resolve(result)));
    });
    if (stats.hasErrors()) throw new Error(stats.toString());
    return fs.readFileSync(path.join(folder, 'webpack.js'), 'utf8');
  };
}

const interop = { module: 'commonjs', esModuleInterop: true };
const plain = { module: 'commonjs', esModuleInterop: false };
const old = { moduleResolution: 'node' };
const deprecated = { ignoreDeprecations: '6.0' };
const es5 = { target: 'es5', lib: ['es2020'] };
const node16 = { module: 'node16', moduleResolution: 'node16' };
const typescriptOf = (version) => [`typescript-${version}`];

/** Name of the output, the package, and how to compile with it. */
const COMPILERS = [
  ...['4.9', '5.0', '5.6', '5.9'].flatMap((version) => [
    [
      `typescript-${version}`,
      typescriptOf(version),
      (it) => typescript(it, { ...interop, ...old }),
    ],
    [
      `typescript-${version}-plain`,
      typescriptOf(version),
      (it) => typescript(it, { ...plain, ...old }),
    ],
  ]),
  [
    'typescript-4.9-es5',
    typescriptOf('4.9'),
    (it) => typescript(it, { ...interop, ...old, ...es5 }),
  ],
  ['typescript-5.9-node16', typescriptOf('5.9'), (it) => typescript(it, node16)],
  ['typescript-6.0', typescriptOf('6.0'), (it) => typescript(it, interop)],
  [
    'typescript-6.0-plain',
    typescriptOf('6.0'),
    (it) => typescript(it, { ...plain, ...deprecated }),
  ],
  ['typescript-7.0', typescriptOf('7.0'), (it) => typescript(it, { module: 'commonjs' })],
  ...['babel-7', 'babel-8'].flatMap((version) => [
    [version, ['@babel/core', version], () => babel(version, {})],
    [`${version}-node`, ['@babel/core', version], () => babel(version, { importInterop: 'node' })],
    [`${version}-none`, ['@babel/core', version], () => babel(version, { importInterop: 'none' })],
    [`${version}-lazy`, ['@babel/core', version], () => babel(version, { lazy: () => true })],
  ]),
  ['swc', ['@swc/core'], () => swc({})],
  ['swc-node', ['@swc/core'], () => swc({ importInterop: 'node' })],
  ['swc-none', ['@swc/core'], () => swc({ importInterop: 'none' })],
  ['sucrase', ['sucrase'], () => sucrase({})],
  ['sucrase-typescript', ['sucrase'], () => sucrase({ enableLegacyTypeScriptModuleInterop: true })],
  ['esbuild', ['esbuild'], () => esbuild('js')],
  ['esbuild-mjs', ['esbuild'], () => esbuild('mjs')],
  ['rolldown', ['rolldown'], () => rolldown('js')],
  ['rolldown-mjs', ['rolldown'], () => rolldown('mjs')],
  ...['default', 'auto', 'compat', 'esModule'].map((mode) => [
    `rollup-${mode}`,
    ['rollup'],
    () => rollup(mode),
  ]),
  ['webpack', ['webpack'], () => webpack('js')],
  ['webpack-mjs', ['webpack'], () => webpack('mjs')],
];

const target = path.join(here, 'compiled');
fs.rmSync(target, { recursive: true, force: true });
fs.mkdirSync(target);
for (const [name, compiler, make] of COMPILERS) {
  console.log(name);
  const compile = await make(compiler[0]);
  let text = `// ${compiler[0]} ${versionOf(...compiler)}. Made by ../make.mjs: not to be edited.\n`;
  for (const [form, code] of sources) {
    const compiled = await compile(form, code);
    if (/\bimport\(/.test(compiled)) continue; // left to the runtime
    text += `\nexports['${form}'] = function (exports, require, module) {\n${compiled}\n};\n`;
  }
  fs.writeFileSync(path.join(target, `${name}.js`), text);
}
if (process.argv[2] === undefined) fs.rmSync(folder, { recursive: true, force: true });
