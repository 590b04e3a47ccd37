'use strict';
// What bash, zsh and fish make of the scripts of `ferripc completion`: commands, options, and ids of live servers. Anybody
// may give a socket any name, so nothing in one may be run. Each shell itself is asked; one that is not here is skipped.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { commandOf } = require('../helpers/command');
const { onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');
const { COMMANDS } = require('../../src/js/cli');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run } = commandOf(world);
const { names } = COMMANDS;

/** `test` for a shell, or a skipped one that says why. */
function testIn(shell) {
  const isHere = spawnSync(shell, ['-c', 'exit']).status === 0;
  return isHere ? onUnix.test : (name, act) => test.skip(`${name} (there is no ${shell})`, act);
}

/** Ids of live servers, as `ferripc list --quiet` prints them, and what a shell would do with some of them. */
function ids(touched) {
  const names = [
    'alpha',
    'beta',
    `$(touch ${touched})`,
    `;touch ${touched};`,
    `\`touch ${touched}\``,
    'id `x`',
    'b c',
    "it's",
    'c"d',
    '$HOME',
    '*',
    'back\\slash',
    'desc:ription',
    'desc:x=1',
    'ä',
  ];
  /** One would be an option, the other was printed without its new line. */
  return { names, all: [...names, '--insecure', 'new\\u000aline'].join('\n') };
}

async function scriptFor(shell) {
  const { code, stdout } = await run(['completion', shell]);
  expect(code).toBe(0);
  for (const name of names) expect(stdout).toContain(name);
  const file = world.file();
  fs.writeFileSync(file, stdout);
  return file;
}

/** What was printed for each line, each ended by a line with this mark. */
const answersIn = (seen, mark) =>
  seen
    .split(`${mark}\n`)
    .slice(0, -1)
    .map((text) => text.split('\n').slice(0, -1));

describe('bash', () => {
  /** What COMPREPLY has for these words, the last of which is being typed, as the shell reads it again. */
  async function complete(lines, { all = 'alpha\nbeta' } = {}) {
    const file = await scriptFor('bash');
    const attempts = lines.map(
      (words) => `
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
      COMP_CWORD=${words.length - 1}
      _ferripc
      eval "printf '%s\\n' \${COMPREPLY[@]}"
      echo --`,
    );
    const script = `source ${file}\nferripc() { printf '%s\\n' "$IDS"; }${attempts.join('')}`;
    const env = { ...process.env, IDS: all };
    const seen = execFileSync('bash', ['-c', script], { encoding: 'utf8', env });
    return answersIn(seen, '--');
  }

  testIn('bash')('commands, options, shells and ids', async () => {
    const cases = [
      [
        ['ferripc', 'se'],
        ['send', 'serve'],
      ],
      [['ferripc', '--v'], ['--version']],
      [['ferripc', 'tap', 'world', '--pa'], ['--payloads']],
      [
        ['ferripc', 'completion', ''],
        ['bash', 'zsh', 'fish'],
      ],
      [['ferripc', 'tap', 'a'], ['alpha']],
      [['ferripc', 'tap', '-p', 'a'], ['alpha']],
      [['ferripc', 'send', 'world', 'a'], ['']],
    ];
    const lines = cases.map(([words]) => words);
    expect(await complete(lines)).toEqual(cases.map(([, expected]) => expected));
  });

  testIn('bash')('nothing in an id is run, neither when it is completed nor after', async () => {
    const touched = world.file();
    const { names, all } = ids(touched);
    const lines = ['', 'b ', 'b\\ ', 'desc'].map((typed) => ['ferripc', 'send', typed]);
    const [every, ...others] = await complete(lines, { all });
    expect(every).toEqual(names);
    expect(others).toEqual([['b c'], ['b c'], ['desc:ription', 'desc:x=1']]);
    expect(fs.existsSync(touched)).toBe(false);
  });

  testIn('bash')('ids with what bash takes for the end of a word', async () => {
    const { all } = ids(world.file());
    const begun = ['ferripc', 'send'];
    const lines = [
      [...begun, 'desc', ':'],
      [...begun, 'desc', ':', 'r'],
      [...begun, 'desc', ':', 'x', '=', ''],
      ['ferripc', 'list', '--root', '=', 'a'],
    ];
    expect(await complete(lines, { all })).toEqual([['ription', 'x=1'], ['ription'], ['1'], ['']]);
  });
});

describe('zsh', () => {
  /** Types each line with a tab into a shell on a terminal of its own, and reads back what the line has become. */
  const DRIVER = `
    zmodload zsh/zpty
    zpty shell zsh -d -i
    zpty -r shell seen '*@ready@*'
    for line in "\${(@f)TYPED}"; do
      zpty -w -n shell "$line"$'\\t\\a'
      zpty -r shell seen '*@done@*'
    done`;

  async function complete(lines, { all = 'alpha\nbeta' } = {}) {
    const file = await scriptFor('zsh');
    const folder = world.file('zsh');
    fs.mkdirSync(folder);
    const out = path.join(folder, 'out');
    fs.writeFileSync(
      path.join(folder, '.zshrc'),
      `autoload -Uz compinit; compinit -D -u
      source ${file}
      ferripc() { print -r -- "$IDS" }
      show() { print -r -- "$BUFFER" >> ${out}; BUFFER=; print -n @done@ > $TTY }
      zle -N show; bindkey '^G' show
      setopt no_beep no_list_ambiguous; LISTMAX=1000 PROMPT=@ready@`,
    );
    const env = {
      ...process.env,
      IDS: all,
      ZDOTDIR: folder,
      TERM: 'xterm',
      TYPED: lines.join('\n'),
    };
    const options = { env, cwd: folder, timeout: 100_000, stdio: ['ignore', 'pipe', 'inherit'] };
    execFileSync('zsh', ['-f', '-c', DRIVER], options);
    return fs.readFileSync(out, 'utf8').split('\n').slice(0, -1);
  }

  testIn('zsh')('commands, options, shells and ids', async () => {
    const cases = {
      'ferripc ta': 'ferripc tap ',
      'ferripc --v': 'ferripc --version ',
      'ferripc tap alpha --pa': 'ferripc tap alpha --payloads ',
      'ferripc completion z': 'ferripc completion zsh ',
      'ferripc help req': 'ferripc help request ',
      'ferripc tap a': 'ferripc tap alpha ',
      'ferripc tap -p a': 'ferripc tap -p alpha ',
      'ferripc tap -n 3 a': 'ferripc tap -n 3 alpha ',
      'ferripc send beta a': 'ferripc send beta a',
      'ferripc list --jso': 'ferripc list --json ',
    };
    expect(await complete(Object.keys(cases))).toEqual(Object.values(cases));
  });

  testIn('zsh')('nothing in an id is run, and it is completed with quotes', async () => {
    const touched = world.file();
    const { all } = ids(touched);
    const cases = {
      'ferripc send ': 'ferripc send ',
      'ferripc send \\$\\(': `ferripc send \\$\\(touch\\ ${touched}\\) `,
      'ferripc send "\\$(t': `ferripc send "\\$(touch ${touched})" `,
      'ferripc send \\`': `ferripc send \\\`touch\\ ${touched}\\\` `,
      'ferripc send \\;': `ferripc send \\;touch\\ ${touched}\\; `,
      'ferripc send b\\ ': 'ferripc send b\\ c ',
      'ferripc send it': "ferripc send it\\'s ",
      "ferripc send 'c": "ferripc send 'c\"d' ",
      'ferripc send back': 'ferripc send back\\\\slash ',
      'ferripc send desc:r': 'ferripc send desc:ription ',
      'ferripc send new': 'ferripc send new',
      'ferripc send --ins': 'ferripc send --insecure ',
    };
    expect(await complete(Object.keys(cases), { all })).toEqual(Object.values(cases));
    expect(fs.existsSync(touched)).toBe(false);
  });
});

describe('fish', () => {
  /** What it offers for each line. It quotes what it inserts itself. */
  async function complete(lines, { all = 'alpha\nbeta' } = {}) {
    const file = await scriptFor('fish');
    const script = `
      function ferripc; printf '%s\\n' $IDS; end
      source ${file}
      for line in (string split \\n -- $TYPED)
        complete -C$line | string replace -r '\\t.*' ''
        echo @
      end`;
    const folder = world.file('fish');
    fs.mkdirSync(folder);
    const env = { ...process.env, IDS: all, TYPED: lines.join('\n'), HOME: folder };
    const seen = execFileSync('fish', ['-N', '-c', script], { env, cwd: folder, encoding: 'utf8' });
    return answersIn(seen, '@');
  }

  testIn('fish')('commands, options, shells and ids', async () => {
    const cases = {
      'ferripc ': [...names].sort(),
      'ferripc se': ['send', 'serve'],
      'ferripc --': ['--help', '--version'],
      'ferripc tap world --pa': ['--payloads'],
      'ferripc completion ': ['bash', 'fish', 'zsh'],
      'ferripc help se': ['send', 'serve'],
      'ferripc tap a': ['alpha'],
      'ferripc tap -p a': ['alpha'],
      'ferripc send beta ': [],
      'ferripc list send ': [],
      'ferripc send list --wa': ['--wait'],
    };
    expect(await complete(Object.keys(cases))).toEqual(Object.values(cases));
  });

  testIn('fish')('nothing in an id is run', async () => {
    const touched = world.file();
    const { names, all } = ids(touched);
    const [every, ...others] = await complete(
      ['ferripc send ', 'ferripc send "b ', 'ferripc send b\\ '],
      { all },
    );
    expect(every.sort()).toEqual([...names].sort());
    expect(others).toEqual([['b c'], ['b c']]);
    expect(fs.existsSync(touched)).toBe(false);
  });
});
