'use strict';
// How the command `ferripc` is called: words that it does not know, its help, colours, what it loads. For its completion, see
// completion.test.js.

const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../../package.json');
const { ROOT, commandOf, tooOld } = require('../helpers/command');
const { createWorld } = require('../helpers/world');
const { COMMANDS } = require('../../src/js/cli');
const { colorsFor, json, printable } = require('../../src/js/cli/output');
const { read } = require('../../src/js/cli/words');
const { matches } = require('../../src/js/diagnostics/glob');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run } = commandOf(world);
const { names, load } = COMMANDS;

test('--version', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

/** What the command does with each of these lines: in one process, except for those that are run as users do. */
async function runAll(lines) {
  const child = world.child(path.join(__dirname, 'many.js'), lines, { cwd: world.tmp() });
  const results = await child.next();
  expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  return results;
}

test('wrong words: which ones, what may be meant, and the usage on stderr; the exit code is 2', async () => {
  const cases = [
    [[], 'which command?'],
    [['docter'], 'unknown command "docter": did you mean doctor?'],
    [['lits'], 'unknown command "lits": did you mean list?'],
    [['constructor'], 'unknown command "constructor"'],
    [['--hlep'], 'unknown option "--hlep": did you mean --help?'],
    [['--version', 'more'], '--version does not know "more"'],
    [['doctor', '--jsn'], 'doctor does not know "--jsn": did you mean --json?'],
    [['doctor', '--json', 'a', '-b'], 'doctor does not know "-b", "a"'],
    [['list', '--root'], '--root needs a value: --root PATH'],
    [['list', '--json=yes'], '--json takes no value'],
    [['list', '-qx'], 'list does not know "-qx"'],
    [['list', '-quiet'], 'list does not know "-quiet": did you mean --quiet?'],
    [['list', '-qa=1'], '-a takes no value'],
    [['send', 'x', 't', '-t500'], 'send does not know "-t500": did you mean -t 500?'],
    [['tap', 'x', '-pn'], '-n needs a value: -n N'],
    [['tap', 'x', '-np', '1'], 'tap does not know "-np", "1"'],
    [['send'], 'which server? Name its id, its path, or host:port'],
    [['send', 'x'], 'a message of which type?'],
    [['send', 'x', 'type', 'Hello'], /^the data is not JSON: .*A text has quotes/],
    [['send', 'x', 'type', '{', '--wait', 'y'], /^the data is not JSON: /],
    [['send', 'x', 't', '--timeout', 'soon'], /^--timeout must be a number of ms.* not "soon"/],
    [['send', '--raw', 'x', 'text', '1'], '--raw has no type: give the text alone'],
    [['send', '127.0.0.1:99999', 't'], 'no port is as large as 99999'],
    [['serve', ':0'], 'a port is a number from 1 to 65535, and not 0'],
    [['send', ':1', 't', '--ca', 'nowhere.pem'], '--ca: there is no file nowhere.pem'],
    [['send', 'x', 't', '--wait', '*'], '--wait needs one type, and not *'],
    [['send', 'x', 't', '--tls', '--ca', 'y'], '--tls needs host:port'],
    [['request', './x', 't', '--ca', 'y'], '--ca needs host:port'],
    [['request', '@x', 't', '--cert', 'y', '--key', 'z'], '--cert needs host:port'],
    [['bench', 'x', '--insecure'], '--insecure needs host:port'],
    [['bench', ':1', '--cert', 'y'], '--cert needs --key'],
    [['send', './x', 't', '--root', '/run'], '--root needs an id'],
    [['request', ':1', 't', '--appspace', 'y'], '--appspace needs an id'],
    [['tap', '@x', '--root', '/run'], '--root needs an id'],
    [['serve', './x', '--tap', '--root', '/run'], '--root needs an id'],
    [['serve', 'x', '--raw', '--delimiter', 'y'], '--raw and --delimiter exclude each other'],
    [
      ['send', 'x', 'text', '--raw', '--delimiter', 'y'],
      '--raw and --delimiter exclude each other',
    ],
    [['list', '-q', '--json'], '--json and --quiet exclude each other'],
    [['serve', 'x', '--tls', '--cert', 'y', '--key', 'z'], '--tls needs host:port'],
    [['serve', './x', '--key', 'z'], '--key needs host:port'],
    [['serve', ':1', '--key', 'z'], '--key needs --cert'],
    [['serve', ':1', '--ca', 'y'], '--ca needs --cert and --key'],
    [['tap', '127.0.0.1:80'], /^a tap is a local socket/],
    [['tap', 'x', '-n', '0'], /^-n must be a whole number/],
    [['bench', 'x', '--size', '10,none'], /^--size must be a whole number/],
    [['serve', ':1', '--tls'], '--tls needs --cert and --key'],
    [['completion', 'bsh'], 'no completion for "bsh": did you mean bash?'],
    [['list', '\x1b[31m'], 'list does not know "\\u001b[31m"'],
  ];
  const results = await runAll(cases.map(([args]) => args));
  results.push(await run(cases[1][0]));
  for (const [i, { code, stdout, stderr }] of results.entries()) {
    const [args, reason] = cases[i] ?? cases[1];
    expect([args, code, stdout]).toEqual([args, 2, '']);
    const [, found] = /^ferripc: (.*)\n\nUsage: ferripc /.exec(stderr);
    if (typeof reason === 'string') expect([args, found]).toEqual([args, reason]);
    else expect(found).toMatch(reason);
  }
});

test('flags of one letter stand together, and one with a value may be the last', () => {
  const { options } = read(['-pn', '3', 'x', '-n=4'], load('tap'));
  expect(options).toEqual({ payloads: true, count: 4 });
  expect(read(['-qa', '-5'], { ...load('list'), operands: [{}] })).toEqual({
    options: { quiet: true, all: true },
    operands: ['-5'],
  });
});

test('a page for each command, by both ways, whatever else is on the line', async () => {
  const pages = await runAll(names.map((name) => ['help', name]));
  for (const [i, { code, stdout, stderr }] of pages.entries()) {
    expect([code, stderr]).toEqual([0, '']);
    const titles = stdout.match(/^[A-Z]+( [A-Z]+)*$/gm);
    expect(titles.slice(0, 3)).toEqual(['NAME', 'SYNOPSIS', 'DESCRIPTION']);
    expect(titles).toEqual(expect.arrayContaining(['OPTIONS', 'EXIT STATUS', 'EXAMPLES']));
    expect(stdout).toContain(`    ferripc ${names[i]} - `);
    const prose = stdout.split('\n').filter((line) => !/^ {8}ferripc|^ {4}ferripc/.test(line));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(100);
  }
  const others = [
    ['send', '--nonsense', '--help'],
    ['list', '-h'],
    ['list', '-qh'],
    ['serve', '-hn'],
    ['tap', 'x', '-xq', '-ph'],
  ];
  const shown = await runAll(others);
  for (const [i, [name]] of others.entries()) {
    expect([others[i], shown[i].stdout]).toEqual([others[i], pages[names.indexOf(name)].stdout]);
  }
  // A letter with a value ends the flags, and what follows `--` is none.
  const [bad, data] = await runAll([
    ['tap', 'x', '-nh'],
    ['list', '--', '-qh'],
  ]);
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('know "-nh"') });
  expect(data).toMatchObject({ code: 2, stderr: expect.stringContaining('know "-qh"') });
  const all = await run(['--help']);
  expect(all.code).toBe(0);
  for (const name of names) expect(all.stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'));
});

test('the document names every command and option', () => {
  const doc = fs.readFileSync(path.join(ROOT, 'docs', 'cli.md'), 'utf8');
  const help = names.flatMap((name) => Object.keys(load(name).options ?? {}));
  for (const name of names.filter((name) => name !== 'help'))
    expect(doc).toContain(`\n## ${name}\n`);
  for (const option of new Set(help)) {
    expect([option, doc.includes(`--${option}`)]).toEqual([option, true]);
  }
});

test('on a Node that is too old it says so', async () => {
  const { code, stdout, stderr } = await run(['list'], tooOld(world));
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^ferripc: this is Node 16\.20\.2, and ferripc needs Node 18 or later/);
});

test('its file has no syntax that an older Node does not know', () => {
  const { parse } = require('espree');
  const source = fs.readFileSync(path.join(ROOT, 'bin', 'ferripc.js'), 'utf8');
  expect(() => parse(source.replace(/^#!/, '//'), { ecmaVersion: 2017 })).not.toThrow();
});

test('a command loads what it needs, and not the engine before it is needed', async () => {
  const file = world.file('loaded.js');
  fs.writeFileSync(
    file,
    `process.on('exit', () => {
      const { cache } = require;
      const loaded = Object.keys(cache).filter((it) => it.startsWith(${JSON.stringify(ROOT)}));
      require('node:fs').writeSync(2, JSON.stringify(loaded.map((it) => it.slice(${ROOT.length + 1}))));
    });`,
  );
  const { stdout, stderr } = await run(['list', '--json', '--root', `${world.tmp()}/`], {
    flags: ['-r', file],
  });
  expect(stdout).toBe('');
  const loaded = JSON.parse(stderr).map((it) => it.replaceAll('\\', '/'));
  expect(loaded).toContain('src/js/cli/list.js');
  expect(
    loaded.filter((it) => /engine|\.node$|cli\/(send|tap|serve|bench|doctor)/.test(it)),
  ).toEqual([]);
});

describe('what peers send', () => {
  const HOSTILE = [
    '\x1b[31m',
    '\x9b2J',
    '\x07\r\n',
    '\u202eevil',
    '\u200b\u2028',
    '\ud800',
    '\u{e0001}',
  ];

  test('reaches a terminal without anything that controls it or hides text', () => {
    const bad = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
    for (const text of HOSTILE) {
      expect(printable(text)).not.toMatch(bad);
      expect(json({ [text]: text })).not.toMatch(bad);
      expect(JSON.parse(json({ [text]: text }))).toEqual({ [text]: text });
    }
    expect(printable('äöü 漢字 🙂')).toBe('äöü 漢字 🙂');
  });

  test('is a text whatever it is', () => {
    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    const values = [undefined, null, 7, { toString: 1, valueOf: '\x1b' }, deep];
    expect(values.map(printable)).toEqual([
      'undefined',
      'null',
      '7',
      '{"toString":1,"valueOf":"\\u001b"}',
      '(object)',
    ]);
    expect(() => json(deep)).toThrow(/^what came cannot be shown \(.*stack/);
  });
});

describe('colours', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ['FORCE_COLOR', 'NO_COLOR', 'TERM']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  test.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
    [{ isTTY: false }, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [{ isTTY: true }, { FORCE_COLOR: '0' }, false],
  ])('%j, %j: %s', (stream, variables, expected) => {
    for (const name of ['FORCE_COLOR', 'NO_COLOR', 'TERM']) delete process.env[name];
    Object.assign(process.env, variables);
    expect(colorsFor(stream).red('x') !== 'x').toBe(expected);
  });
});

test('patterns', () => {
  const fits = ['job.*|job.done', '*|', '*|x', 'a?c|abc', '*.x.*|a.x.b.x.c', 'a*b*c|aXbYbZc', '|'];
  const not = ['job.*|jobs', 'a?c|ac', 'abc|abcd', 'abc|ab', '?|', 'a*b|abc', '.|x', '|x'];
  for (const pair of fits) expect([pair, matches(...pair.split('|'))]).toEqual([pair, true]);
  for (const pair of not) expect([pair, matches(...pair.split('|'))]).toEqual([pair, false]);
  // Patterns that take others for ever.
  expect(matches(`${'*a'.repeat(100)}b`, 'a'.repeat(1000))).toBe(false);
});
