'use strict';
// A temporary project, in which the blocks of a document's section are written and run. Used by
// blocks.test.js.
//
// Documents show what users write: `/tmp/`, and ports 8000 to 8009. So that runs do not meet, both are replaced
// in the text of each block (and back in what it prints), and in ferripc's defaults by preload.js.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root } = require('./markdown');
const everything = require('../helpers/everything');
const { native: tsc } = require('../helpers/tsc');
const { freePort } = require('../helpers/world');
const { bin } = require('../../package.json');

const PATIENCE = 60_000;
const PORT = /\b800\d\b/g;

/** What the dependencies of a project are. */
const PACKAGES = {
  ferripc: root,
  'node-ipc': root,
  '@types': path.join(root, 'node_modules', '@types'),
};

/** Whether a program can be run here. */
function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

/** What `npx` finds, and programs of a project by their names. */
const COMMANDS = {
  ferripc: path.join(root, bin.ferripc),
  jest: path.join(root, 'node_modules', '.bin', 'jest'),
};

class Project {
  constructor() {
    // Short: the path of a socket has 103 bytes on macOS. Real: programs print where they are.
    this.directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'doc-')));
    this.sockets = path.join(this.directory, 't/');
    this.ports = new Map();
    this.programs = 0;
    this.output = '';
    fs.mkdirSync(this.sockets);
    fs.mkdirSync(path.join(this.directory, 'node_modules'));
    for (const [name, target] of Object.entries(PACKAGES)) this.link(name, target);
    fs.mkdirSync(path.join(this.directory, 'node_modules', '.bin'));
    for (const [name, file] of Object.entries(COMMANDS)) this.link(`.bin/${name}`, file);
    // Half a second for each program, in which npm does what PATH does; each night it is npm's own.
    if (!everything) this.write('node_modules/.bin/npx', '#!/bin/sh\nexec "$@"\n', 0o755);
    this.write('package.json', '{ "name": "project", "version": "1.0.0", "private": true }\n');
  }

  link(name, target) {
    const at = path.join(this.directory, 'node_modules', name);
    fs.rmSync(at, { force: true });
    fs.symlinkSync(target, at, 'junction');
  }

  write(name, text, mode) {
    const file = path.join(this.directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode });
    return file;
  }

  remove() {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  /** A port of this project's for one that a document names. */
  async port(shown) {
    if (!this.ports.has(shown)) this.ports.set(shown, String(await freePort()));
    return this.ports.get(shown);
  }

  async toOwn(text) {
    for (const shown of new Set(text.match(PORT))) await this.port(shown);
    return text.replaceAll('/tmp/', this.sockets).replace(PORT, (shown) => this.ports.get(shown));
  }

  toShown(text) {
    let shown = text.replaceAll(this.sockets, '/tmp/').replaceAll(this.directory, '/project');
    for (const [name, port] of this.ports) shown = shown.replaceAll(port, name);
    return shown;
  }

  /**
   * Runs a command to its end: `{ code, stdout, stderr }`. Whatever it started ends with it; `atOnce`: without waiting for
   * what that still prints, such as a server that a shell has started.
   */
  async run(command, args, { preload = true, atOnce = false } = {}) {
    const env = { ...process.env };
    for (const name of ['NODE_OPTIONS', 'JEST_WORKER_ID', 'NODE_ENV']) delete env[name];
    Object.assign(env, {
      DOCS_SOCKET_ROOT: this.sockets,
      DOCS_PORT: await this.port('8000'),
      TMPDIR: this.sockets,
      NO_COLOR: '1',
      PATH: [path.join(this.directory, 'node_modules', '.bin'), env.PATH].join(path.delimiter),
      npm_config_offline: 'true',
    });
    if (preload) env.NODE_OPTIONS = `--require=${path.join(__dirname, 'preload.js')}`;
    const child = spawn(command, args, {
      cwd: this.directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    const timer = setTimeout(end, PATIENCE);
    if (atOnce) child.once('exit', end);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
    }
    const [code, signal] = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    clearTimeout(timer);
    end();
    for (const name of ['stdout', 'stderr']) output[name] = this.toShown(output[name]);
    return { code: code ?? signal, ...output };
  }

  /** Does with a block what its language and its annotations ask for. Throws what is wrong with it. */
  async take(block) {
    const { language, notes } = block;
    const text = await this.toOwn(block.text);
    if ('output' in notes) return expectOutput(this.output, block.text);
    if ('file' in notes || 'run' in notes) {
      if (notes.file) this.write(notes.file, text);
      if (!('run' in notes)) return undefined;
      const command = await this.toOwn(notes.run);
      return this.runBlock(block, 'sh', ['-ec', command]);
    }
    if (language === 'sh') return this.runBlock(block, 'sh', ['-ec', text.replace(/^\$ /gm, '')]);
    const file = `program${++this.programs}.${language === 'ts' ? 'cts' : language}`;
    this.write(file, text);
    if (language === 'py') return this.runBlock(block, 'python3', [file]);
    if (language !== 'ts') return this.runBlock(block, process.execPath, [file]);
    const made = await this.compile(file);
    return this.runBlock(block, process.execPath, [made]);
  }

  /** Type-checks a program, strictly, and returns the name of what it was made into. */
  async compile(file) {
    const types = `--types node --typeRoots ${PACKAGES['@types']}`;
    const options = `--strict --target es2022 --module node16 --skipLibCheck ${types}`.split(' ');
    const { code, stdout } = await this.run(process.execPath, [tsc, ...options, file]);
    if (code !== 0) throw new Error(stdout);
    return file.replace(/\.cts$/, '.cjs');
  }

  async runBlock(block, command, args) {
    const wanted = Number(block.notes.exit ?? 0);
    const run = async (options) => {
      const atOnce = command === 'sh';
      const { code, stdout, stderr } = await this.run(command, args, { ...options, atOnce });
      if (code !== wanted) throw new Error(`ended with ${code}\n${stdout}\n${stderr}`);
      expectComments(stdout, block);
      this.output = stdout;
    };
    await run();
    for (const name of (block.notes['also with'] ?? '').split(/,\s*/).filter(Boolean)) {
      this.link('node-ipc', path.join(root, 'node_modules', name));
      try {
        await run({ preload: false });
      } catch (error) {
        error.message = `with ${name}: ${error.message}`;
        throw error;
      }
      this.link('node-ipc', root);
    }
  }
}

/** `console.log(…); // text` has to have printed `text`; other lines only where there is no such comment. */
function expectComments(stdout, { text, language }) {
  const mark = language === 'py' ? '#' : '//';
  const call = language === 'py' ? 'print(' : 'console.log(';
  const logs = text.split('\n').filter((line) => line.includes(call));
  const comments = logs.map((line) => line.split(`; ${mark} `)[1] ?? line.split(`)  ${mark} `)[1]);
  const expected = comments.filter((comment) => comment !== undefined);
  if (expected.length === 0) return;
  const lines = stdout.trimEnd().split('\n');
  if (expected.length === logs.length) return expectOutput(stdout, `${expected.join('\n')}\n`);
  let from = 0;
  for (const line of expected) {
    from = lines.indexOf(line, from) + 1;
    if (from === 0)
      throw new Error(`did not print ${JSON.stringify(line)} in time, but\n${stdout}`);
  }
}

function expectOutput(actual, expected) {
  if (actual.trimEnd() === expected.trimEnd()) return;
  throw new Error(`printed\n${actual}\ninstead of\n${expected}`);
}

module.exports = { Project, has };
