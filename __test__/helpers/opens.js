'use strict';
// What a JavaScript file can reach outside of the language: modules, `process`, globals. Used by
// supply-chain.test.js, which compares the answer with docs/supply-chain.md.
//
// The file is read, not run. Names are resolved by scope, so a local variable called `fetch` does not count; what
// cannot be followed (a module handed on as a value, a computed name) is reported as just that. It is made to
// keep authors honest and readers informed; it is not a sandbox, and a program can be written to evade it.

const { analyze } = require('eslint-scope');
const espree = require('espree');
const { KEYS } = require('eslint-visitor-keys');

/** Globals that are the language, or as harmless: no way out of the program begins with one. */
const HARMLESS = new Set(
  `undefined NaN Infinity Object Array String Number BigInt Boolean Symbol Math JSON Date RegExp Promise Map Set
  WeakMap WeakSet WeakRef FinalizationRegistry Error TypeError RangeError SyntaxError AggregateError Uint8Array
  Uint16Array Uint32Array Float64Array ArrayBuffer DataView Proxy Reflect isNaN isFinite parseInt parseFloat
  Buffer TextEncoder TextDecoder URL AbortSignal AbortController Event EventTarget setTimeout clearTimeout
  queueMicrotask console structuredClone arguments __filename __dirname exports`.split(/\s+/),
);

function parse(source, sourceType) {
  const options = { ecmaVersion: 2023, range: true, loc: true, sourceType };
  const ast = espree.parse(source.replace(/^#!/, '//'), options);
  const scopes = analyze(ast, {
    ecmaVersion: 2023,
    sourceType: sourceType === 'module' ? 'module' : 'script',
    nodejsScope: sourceType !== 'module',
  });
  return { ast, scopes };
}

/** Sets `parent` throughout, and calls `visit` for each node. */
function walk(node, visit) {
  visit(node);
  for (const key of KEYS[node.type] ?? []) {
    for (const child of [node[key]].flat()) {
      if (!child) continue;
      child.parent = node;
      walk(child, visit);
    }
  }
}

const isText = (node) =>
  node?.type === 'Literal'
    ? typeof node.value === 'string'
    : node?.type === 'TemplateLiteral' && node.expressions.length === 0;
const textOf = (node) => (node.type === 'Literal' ? node.value : node.quasis[0].value.cooked);

/** The file of the package that hands out modules of Node's: src/js/core.js. */
const CORE = /^(?:\.\.?\/)+core$/;

/** Whether a module is a file of the package. */
const isLocal = (specifier) => /^\.\.?\//.test(specifier);

/** The names by which `node`, an expression, is used: `['a', 'b']` for `node.a` or `{ a, b } = node`; or null. */
function membersOf(node) {
  const { parent } = node;
  if (parent.type === 'MemberExpression' && parent.object === node) {
    if (!parent.computed) return [parent.property.name];
    return isText(parent.property) ? [textOf(parent.property)] : null;
  }
  if (parent.type !== 'VariableDeclarator' || parent.id.type !== 'ObjectPattern') return null;
  const { properties } = parent.id;
  if (properties.some((it) => it.type !== 'Property' || it.computed)) return null;
  return properties.map(({ key }) => key.name ?? key.value);
}

/** Whether `node`, an expression, is a function that is called. */
const isCalled = (node) => node.parent.type === 'CallExpression' && node.parent.callee === node;

/**
 * What the file opens: `node:fs.readFileSync` for a member of a module that is used, `node:fs` where it is not
 * to be seen which; `process.env.NAME`, `process.on`; names of globals; `require(…)` for a module that is
 * known at run time only. `modules`: what it requires by name; `local`: the files of its package that it requires.
 */
function opensOf(source, sourceType = 'commonjs') {
  const { ast, scopes } = parse(source, sourceType);
  const found = new Set();
  const local = new Set();
  const modules = new Set();
  const nodes = [];
  walk(ast, (node) => nodes.push(node));

  const variableOf = (identifier) => {
    for (const scope of scopes.scopes) {
      const variable = scope.set.get(identifier.name);
      if (variable?.identifiers.includes(identifier)) return variable;
    }
    return null;
  };

  /** Notes a module of which it is not to be seen what is used. */
  const openWhole = (name) => {
    modules.add(name);
    found.add(name);
  };

  /** Notes the uses of module `name`, which is the value of the expression `node`. */
  const useModule = (name, node) => {
    modules.add(name);
    const members = membersOf(node);
    const { parent } = node;
    if (members) return members.forEach((it) => found.add(`${name}.${it}`));
    if (parent.type !== 'VariableDeclarator' || parent.id.type !== 'Identifier')
      return found.add(name);
    for (const { identifier, init } of variableOf(parent.id).references) {
      if (init) continue;
      const used = membersOf(identifier);
      // A module that is a class is named where it is made, or extended.
      for (const it of used ?? ['']) found.add(it ? `${name}.${it}` : name);
    }
  };

  /**
   * Notes what is had of the file CORE, which is the value of the expression `node`: uses of `process`, as of the global;
   * and `core`, where it is not called by its name.
   */
  const useCore = (node) => {
    const { id, type } = node.parent;
    if (type === 'ExpressionStatement') return;
    const usesOf = (name) =>
      variableOf(name)
        .references.filter(({ init }) => !init)
        .map(({ identifier }) => identifier);
    const names =
      id?.type === 'Identifier'
        ? usesOf(id).flatMap((identifier) => membersOf(identifier) ?? ['core'])
        : (membersOf(node) ?? ['core']);
    for (const name of ['core', 'process']) {
      if (!names.includes(name)) continue;
      const property = id?.properties?.find(({ key }) => key.name === name);
      if (property?.value.name !== name) found.add(name);
      else if (name === 'process') usesOf(property.value).forEach(useGlobal);
      else if (!usesOf(property.value).every(isCalled)) found.add(name);
    }
  };

  for (const node of nodes) {
    if (node.type === 'ImportDeclaration' || /^Export(All|Named)/.test(node.type)) {
      const { source: from } = node;
      if (!from) continue;
      if (isLocal(from.value)) local.add(from.value);
      else openWhole(from.value);
    }
    if (node.type === 'ImportExpression') {
      if (isText(node.source)) openWhole(textOf(node.source));
      else found.add('import(…)');
    }
    // Bytes out of text: certificates, or something hidden.
    if (node.type === 'CallExpression' && node.callee.property?.name === 'from') {
      const [, encoding] = node.arguments;
      if (isText(encoding)) found.add(`Buffer.from(…, '${textOf(encoding)}')`);
    }
    // A module of Node's, from CORE.
    if (node.type === 'CallExpression' && node.callee.name === 'core') {
      const [name] = node.arguments;
      if (isText(name)) useModule(`node:${textOf(name)}`, node);
      else found.add('core(…)');
    }
    // The constructor of a function makes functions of text.
    if (node.type === 'MemberExpression' && !node.computed && node.property.name === 'constructor')
      found.add('.constructor');
  }

  const useGlobal = (identifier) => {
    const { name, parent } = identifier;
    if (HARMLESS.has(name)) return;
    const members = membersOf(identifier);
    if (name === 'require') {
      const isCall = isCalled(identifier);
      const [target] = isCall ? parent.arguments : [];
      if (isText(target) && isLocal(textOf(target))) {
        local.add(textOf(target));
        if (CORE.test(textOf(target))) useCore(parent);
      } else if (isText(target)) useModule(textOf(target), parent);
      else found.add(isCall ? 'require(…)' : `require.${members ?? '…'}`);
    } else if (name === 'module' && members?.[0] === 'exports') {
      // What the file gives, not what it takes.
    } else if (name === 'process' && members) {
      for (const member of members) {
        const env = member === 'env' ? (membersOf(parent) ?? ['…']) : null;
        for (const it of env ?? [null]) found.add(`process.${member}${it ? `.${it}` : ''}`);
      }
    } else {
      found.add(name);
    }
  };
  for (const { identifier } of scopes.globalScope.through) useGlobal(identifier);
  return { opens: [...found].sort(), modules: [...modules], local: [...local] };
}

module.exports = { opensOf };
