'use strict';
// `ferripc help`: what there is, and a page for each command, in the form of a man page. Used by index.js, also for
// `--help` and for the usage that is printed when a command line is wrong.

const { colorsFor, print } = require('./output');
const { MEANINGS } = require('./statuses');
const { HELP_OPTION } = require('./words');

const WIDTH = 80;

/** The usage of a command, or of all. `commands`: what there is, from index.js. */
function usage(command, commands) {
  if (!command?.synopsis) {
    return `Usage: ferripc <command> [options]\n\n${summaries(commands)}\n\nferripc help <command> explains a command.`;
  }
  const lines = command.synopsis.map((line, i) => `${i === 0 ? 'Usage:' : '      '} ${line}`);
  return `${lines.join('\n')}\n\nferripc help ${command.name} explains it.`;
}

function summaries(commands) {
  return Object.entries(commands.summaries)
    .map(([name, summary]) => `  ${name.padEnd(11)} ${summary}`)
    .join('\n');
}

/** `text` in lines that are not too long, `indent` from the left. Lines that begin with a space stay as they are. */
function filled(text, indent) {
  const margin = ' '.repeat(indent);
  const paragraphs = text.trim().split('\n\n');
  const lines = paragraphs.flatMap((paragraph, i) => {
    const gap = i === 0 ? [] : [''];
    if (paragraph.startsWith(' '))
      return [...gap, ...paragraph.split('\n').map((it) => margin + it)];
    const made = [''];
    for (const word of paragraph.split(/\s+/)) {
      const last = made[made.length - 1];
      if (last === '') made[made.length - 1] = word;
      else if (indent + last.length + 1 + word.length > WIDTH) made.push(word);
      else made[made.length - 1] = `${last} ${word}`;
    }
    return [...gap, ...made.map((it) => margin + it)];
  });
  return lines.join('\n');
}

const optionHead = (name, { short, value }) =>
  `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;

/** The page of a command. */
function page(command, commands) {
  const { bold } = colorsFor(process.stdout);
  const { name, synopsis, description, operands = [], options = {}, examples, statuses } = command;
  const parts = [];
  const part = (title, ...texts) => parts.push(`${bold(title)}\n${texts.join('\n\n')}`);
  const terms = (entries) =>
    entries.map(([head, help]) => `    ${head}\n${filled(help, 8)}`).join('\n\n');
  part('NAME', filled(`ferripc ${name} - ${commands.summaries[name]}`, 4));
  part('SYNOPSIS', synopsis.map((line) => `    ${line}`).join('\n'));
  part('DESCRIPTION', filled(description, 4));
  if (operands.length > 0) part('OPERANDS', terms(operands.map((it) => [it.name, it.help])));
  const all = Object.entries({ ...options, ...HELP_OPTION });
  part('OPTIONS', terms(all.map(([key, option]) => [optionHead(key, option), option.help])));
  part('EXIT STATUS', terms([0, 1, 2, ...statuses].map((it) => [`${it}`, MEANINGS[it]])));
  if (examples.length > 0) {
    const shown = examples.map(([line, what]) => `${filled(what, 4)}\n\n        ${line}`);
    part('EXAMPLES', ...shown);
  }
  return parts.join('\n\n');
}

module.exports = {
  name: 'help',
  synopsis: ['ferripc help [<command>]', 'ferripc <command> --help'],
  description: 'Explains a command, or lists all commands.',
  operands: [{ name: 'command', help: 'One of the commands that `ferripc help` lists.' }],
  examples: [['ferripc help send', 'How to send messages:']],
  statuses: [],

  run({ operands: [name] }, commands) {
    if (name !== undefined) {
      print(page(commands.load(name), commands));
      return;
    }
    const { bold } = colorsFor(process.stdout);
    print(
      `${bold('ferripc')} lists the servers of ferripc and node-ipc on this machine, and talks to them.\n`,
    );
    print(usage(undefined, commands));
    print('ferripc --version prints the version of the package.\n');
    print('A server is named by its id (world is /tmp/app.world), its path, or host:port.');
  },

  usage,
};
