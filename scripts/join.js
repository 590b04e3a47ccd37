'use strict';
// Joins files of src/js in the package that is published. What a file costs a program that begins is mostly that Node
// looks for it, opens it and reads it, and the first client needs some 45. Their text stays as it is in the repository,
// except for what they `require`. It has no characters beyond Latin-1, since V8 keeps each of a file with one of them in
// two bytes: compiling and collecting that take longer. Used by pack.js.

const fs = require('node:fs');
const path = require('node:path');

/** A file of src/js/joined each: these files, and what they load at once, unless it is in a part before. */
const PARTS = {
  package: ['node-ipc/ipc.js'],
  client: ['node-ipc/client.js', 'node-ipc/arrival.js', 'node-ipc/log.js', 'node-ipc/paths.js'],
  server: ['node-ipc/server.js'],
  'js-engine': ['engine/js/hub.js'], // where no binary loads
};

/** What a file requires of ours: at once, or at all. */
const AT_ONCE = /^(?:const |\} = |require\()(?!.*=>).*?require\('(\.[^']+)'\)/gm;
const ALL = /require\('(\.[^']+)'\)/g;

/** See above. */
const BEYOND_LATIN_1 = /[^\0-\xff]/;

/** What it requires of Node: by `node` of core.js, which says why. The command is in no bundle. */
const OF_NODE = /require\('node:(\w+)'\)/g;
const CORE = 'core.js';
const COMMAND = 'cli';

/** In parentheses, so that V8 compiles each function as it compiles a file. */
const section = (name, key, text) => `
// ${name}
files.${key} = file((function (module, exports) {
${text}})); // ${name}
`;

/** A name or a path as that of a property. */
const keyIn = (name) => name.replace(/\.js$/, '').replace(/\W/g, '_');

const HEAD = `'use strict';
// Files of src/js, joined by scripts/join.js when the package was packed. Each is a function below, which runs when the
// file is required for the first time.

const files = exports;

function file(run) {
  let loaded = null;
  return () => {
    if (loaded !== null) return loaded.exports;
    loaded = { exports: {} };
    try {
      run(loaded, loaded.exports);
    } catch (error) {
      loaded = null;
      throw error;
    }
    return loaded.exports;
  };
}

// These files. A require takes time, even of one that is loaded.
const part = (load, it = null) => () => (it ??= load());
const parts = {
${Object.keys(PARTS)
  .map((name) => `  ${keyIn(name)}: part(() => require('./${name}.js')),\n`)
  .join('')}};
`;

const steps = (from, to) => path.relative(from, to).split(path.sep).join('/');

/** A path as `require` takes it. */
function relative(from, to) {
  const there = steps(from, to);
  return there.startsWith('.') ? there : `./${there}`;
}

/** Joins them in the package that is in `folder`, whose files `write(file, text)` writes. */
function join(folder, write) {
  const home = path.join(folder, 'src', 'js');
  const names = fs.readdirSync(folder, { recursive: true }).filter((it) => it.endsWith('.js'));
  const texts = new Map(
    names.map((name) => path.join(folder, name)).map((it) => [it, fs.readFileSync(it, 'utf8')]),
  );
  /** Of each file that is joined, the part that it is in. */
  const partOf = new Map();
  /** The names of the parts as they are in HEAD, by their paths. */
  const partNames = new Map();

  /** The file that `asked` is in `from`. */
  function resolve(from, asked) {
    const at = path.resolve(path.dirname(from), asked);
    return [at, `${at}.js`, path.join(at, 'index.js')].find((it) => texts.has(it)) ?? at;
  }

  function gather(file, part) {
    if (partOf.has(file) || !texts.has(file)) return;
    partOf.set(file, part);
    for (const [, asked] of texts.get(file).matchAll(AT_ONCE)) gather(resolve(file, asked), part);
  }

  /** The text of `file`, which asks for Node's modules by way of core.js. */
  function asking(file) {
    const text = texts.get(file);
    const name = path.relative(home, file);
    if (name.startsWith('..') || name === CORE || name.split(path.sep)[0] === COMMAND) return text;
    const core = `require('${relative(path.dirname(file), path.join(home, 'core'))}')`;
    return text.replace(OF_NODE, (whole, module) => `${core}.node('${module}', () => ${whole})`);
  }

  const keyOf = (file) => keyIn(path.relative(home, file));

  /** The text of `file`, with paths from `to`, where it goes. */
  function linked(file, to) {
    return asking(file).replace(ALL, (whole, asked) => {
      const target = resolve(file, asked);
      const part = partOf.get(target);
      if (part === to) return `files.${keyOf(target)}()`;
      if (part !== undefined) {
        if (partNames.has(to)) return `parts.${partNames.get(part)}().${keyOf(target)}()`;
        // In parentheses: Node takes `module.exports = require(…)` for all names of what that file has.
        return `(require('${relative(path.dirname(to), part)}')).${keyOf(target)}()`;
      }
      return to === file ? whole : `require('${relative(path.dirname(to), target)}')`;
    });
  }

  for (const [name, entries] of Object.entries(PARTS)) {
    const part = path.join(home, 'joined', `${name}.js`);
    partNames.set(part, keyIn(name));
    for (const entry of entries) gather(path.join(home, entry), part);
  }
  fs.mkdirSync(path.join(home, 'joined'));
  for (const part of partNames.keys()) {
    const own = [...partOf.keys()].filter((file) => partOf.get(file) === part);
    const sections = own.map((file) =>
      section(steps(folder, file), keyOf(file), linked(file, part)),
    );
    const text = HEAD + sections.join('');
    const odd = BEYOND_LATIN_1.exec(text);
    if (odd)
      throw new Error(`${part} has "${odd[0]}": write it as an escape, or with other characters`);
    write(part, text);
  }
  for (const file of texts.keys()) {
    if (partOf.has(file)) fs.rmSync(file);
    else write(file, linked(file, file));
  }
}

module.exports = { join };
